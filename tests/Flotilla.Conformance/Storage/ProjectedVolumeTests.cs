using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Storage;

/// <summary>Several sources in one directory.</summary>
public sealed class ProjectedVolumeTests(LiveCluster cluster)
{
    [Fact]
    public async Task All_kinds_of_sources_meet_in_one_directory()
    {
        await using var space = await Space.CreateAsync(cluster);
        await Source.ConfigMap.SetAsync(space, "map", ("configmap-data", "configmap-value-1"));
        await Source.Secret.SetAsync(space, "secret", ("secret-data", "secret-value-1"));
        var pod = new MountPod("cat /v/podname /v/secret-data /v/configmap-data; ls -A /v | grep -c token")
        {
            Volumes = """
                {name: v, projected: {sources: [
                  {secret: {name: secret}}, {configMap: {name: map}},
                  {downwardAPI: {items: [{path: podname, fieldRef: {fieldPath: metadata.name}}]}},
                  {serviceAccountToken: {path: token, expirationSeconds: 600}}]}}
                """,
        };
        Assert.Equal("readersecret-value-1configmap-value-11\n", await space.OutputAsync(pod.ToString()));
    }
}
