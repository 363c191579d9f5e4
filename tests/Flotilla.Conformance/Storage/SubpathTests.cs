using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Storage;

/// <summary>One file of a volume whose files are replaced all at once.</summary>
public sealed class SubpathTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("secret", "{name: v, secret: {secretName: secret}}", "secret-key", "secret-value")]
    [InlineData("configmap", "{name: v, configMap: {name: map}}", "configmap-key", "configmap-value")]
    [InlineData("downward", "{name: v, downwardAPI: {items: [{path: downward/podname, fieldRef: {fieldPath: metadata.name}}]}}", "downward/podname", "reader")]
    [InlineData("projected", "{name: v, projected: {sources: [{configMap: {name: map, items: [{key: configmap-key, path: projected/configmap-key}]}}]}}", "projected/configmap-key", "configmap-value")]
    public async Task A_file_is_mounted_by_its_path_below_the_volume(string kind, string volume, string subPath, string content)
    {
        Assert.NotEmpty(kind);
        await using var space = await ReadySpaceAsync();
        var pod = new MountPod("cat /test-file") { Volumes = volume, Mounts = $"{{name: v, mountPath: /test-file, subPath: {subPath}}}" };
        Assert.Equal(content, await space.OutputAsync(pod.ToString()));
    }

    [Fact]
    public async Task A_file_of_the_image_can_be_covered()
    {
        await using var space = await ReadySpaceAsync();
        var pod = new MountPod("cat /etc/passwd; ls /etc/group")
        {
            Volumes = "{name: v, configMap: {name: map}}",
            Mounts = "{name: v, mountPath: /etc/passwd, subPath: configmap-key}",
        };
        Assert.Equal("configmap-value/etc/group\n", await space.OutputAsync(pod.ToString()));
    }

    private async Task<Space> ReadySpaceAsync()
    {
        var space = await Space.CreateAsync(cluster);
        await Source.Secret.SetAsync(space, "secret", ("secret-key", "secret-value"));
        await Source.ConfigMap.SetAsync(space, "map", ("configmap-key", "configmap-value"));
        return space;
    }
}
