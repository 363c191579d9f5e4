using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Nodes;

/// <summary>A second node of the shared cluster, for as long as tests need it. Pods get there only by name: others must not.</summary>
public sealed class SecondNode(Cluster cluster) : IAsyncLifetime
{
    public const string Name = "second";

    public Cluster Cluster => cluster;

    /// <summary>The data of the node's agent.</summary>
    public string DataDirectory => Path.Combine(cluster.DataDirectory, "nodes", Name);

    public async ValueTask InitializeAsync()
    {
        (await cluster.FlotillaAsync("node", "add", Name)).Success();
        await cluster.KubectlOkAsync("cordon", Name);
        await cluster.LoadImageAsync(Cluster.Image);
    }

    public async ValueTask DisposeAsync() => (await cluster.FlotillaAsync("node", "delete", Name)).Success();

    /// <summary>In the node's network.</summary>
    internal async Task<string> ShellAsync(params string[] command) => (await cluster.FlotillaAsync(["node", "shell", Name, "--", .. command])).Success();

    /// <summary>A pod of the usual image, on this node.</summary>
    internal static string Pod(string name, string labels = "") => $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{name}}, labels: { app: {{name}} {{labels}} } }
        spec:
          nodeName: {{Name}}
          containers:
          - { name: main, image: {{Cluster.Image}}, imagePullPolicy: Never }
        """;
}
