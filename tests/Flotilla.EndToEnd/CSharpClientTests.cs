using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary><c>examples/csharp-client</c>, a program of the official C# client, against this cluster.</summary>
public sealed class CSharpClientTests(Cluster cluster)
{
    [Fact]
    public async Task The_official_client_does_what_it_promises()
    {
        await using var space = await Space.CreateAsync(cluster);
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var program = Path.Combine(Repository.Root, "examples", "csharp-client", "bin", configuration, "net10.0", "CSharpClient.dll");
        var run = await CommandLine.RunAsync("dotnet", ["exec", program, cluster.Kubeconfig, space.Name]);

        Assert.Equal(
            [
                "stale: Conflict",
                "objects: green large",
                "watch: Added watched, Modified watched, Deleted watched; cached: 0",
                "custom resource: 3 sails of linen",
                "leaders: first, second; the lease is held by second",
                "exec: got typed, exit code 7",
                "port-forward: HTTP/1.1 200 OK",
            ],
            run.Success().Split('\n').Select(line => line.TrimEnd('\r')));
    }
}
