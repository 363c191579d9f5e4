using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>A pod speaks to the API with what is mounted into it.</summary>
public sealed class ServiceAccountTests(Cluster cluster)
{
    [Fact]
    public async Task The_mounted_token_and_authority_lead_to_what_roles_allow()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.OkAsync("create", "serviceaccount", "reader");
        await space.OkAsync("create", "role", "reader", "--verb=get,list", "--resource=configmaps");
        await cluster.LoadImageAsync("my-curl", "curl");
        await space.ApplyAsync("""
            apiVersion: v1
            kind: Pod
            metadata: {name: client}
            spec:
              serviceAccountName: reader
              terminationGracePeriodSeconds: 1
              containers:
                - {name: main, image: my-curl, imagePullPolicy: IfNotPresent, command: [sleep, "3600"]}
            """);
        await space.OkAsync("wait", "--for=condition=Ready", "pod/client", "--timeout=60s");

        Assert.Equal("403", await CodeAsync(space, "configmaps"));
        await space.OkAsync("create", "rolebinding", "reader", "--role=reader", $"--serviceaccount={space.Name}:reader");
        Assert.Equal("200", await Eventually.GetAsync(() => CodeAsync(space, "configmaps"), code => code == "200", 10));
        Assert.Equal("403", await CodeAsync(space, "secrets"));
        Assert.Equal(space.Name, await space.OkAsync("exec", "client", "--", "cat", Mounted("namespace")));
    }

    private static string Mounted(string file) => "/var/run/secrets/kubernetes.io/serviceaccount/" + file;

    private static Task<string> CodeAsync(Space space, string resource)
    {
        var address = $"https://kubernetes.default.svc/api/v1/namespaces/{space.Name}/{resource}";
        return space.OkAsync("exec", "client", "--", "sh", "-c", $"curl -sS -o /dev/null -w '%{{http_code}}' --cacert {Mounted("ca.crt")} -H \"Authorization: Bearer $(cat {Mounted("token")})\" {address}");
    }
}
