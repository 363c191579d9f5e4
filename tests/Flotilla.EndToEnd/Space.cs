using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>A namespace for one test, and kubectl in it.</summary>
internal sealed class Space : IAsyncDisposable
{
    private static int count;
    private readonly Cluster cluster;

    private Space(Cluster cluster, string name)
    {
        this.cluster = cluster;
        Name = name;
    }

    public string Name { get; }

    public static async Task<Space> CreateAsync(Cluster cluster)
    {
        var space = new Space(cluster, $"test-{Interlocked.Increment(ref count)}");
        await cluster.KubectlOkAsync("create", "namespace", space.Name);
        return space;
    }

    public Task<CommandOutput> RunAsync(params string[] arguments) => cluster.KubectlAsync(["-n", Name, .. arguments]);

    public System.Diagnostics.Process Start(params string[] arguments) => cluster.StartKubectl(["-n", Name, .. arguments]);

    public Task<CommandOutput> RunAsync(int minor, string? input, params string[] arguments) =>
        cluster.KubectlAsync(minor, input, ["-n", Name, .. arguments]);

    public async Task<string> OkAsync(params string[] arguments) => (await RunAsync(arguments)).Success();

    public async Task<string> ApplyAsync(string yaml) => (await RunAsync(35, yaml, "apply", "-f", "-")).Success();

    /// <summary>A field of an object by JSONPath.</summary>
    public Task<string> FieldAsync(string what, string path) => OkAsync("get", what, "-o", $"jsonpath={{{path}}}");

    public async Task<string> DeployAsync(string name = "my-app", int replicas = 2)
    {
        await ApplyAsync(Manifests.Deployment(name, replicas));
        return await OkAsync("rollout", "status", $"deployment/{name}", "--timeout=90s");
    }

    /// <summary>Names of the ready pods of an app.</summary>
    public async Task<string[]> PodsAsync(string app = "my-app") =>
        (await OkAsync("get", "pods", "-l", $"app={app}", "--field-selector=status.phase=Running", "-o", "name"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public async ValueTask DisposeAsync() =>
        await cluster.KubectlAsync("delete", "namespace", Name, "--wait=false");
}
