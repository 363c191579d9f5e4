using System.Diagnostics;
using System.Text.Json.Nodes;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>A cluster beside the shared one, for tests that would disturb the others; it is gone at the end, whatever happens.</summary>
internal sealed class NamedCluster(string name) : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory($"flotilla-{name}-");
    private string kubectl = "";

    public string Home => directory.FullName;

    public string DataDirectory => Path.Combine(directory.FullName, "data");

    /// <summary>The usual image, once it is up.</summary>
    public string ImageFile => Path.Combine(directory.FullName, "image.tar");

    private Dictionary<string, string> Environs => new() { ["KUBECONFIG"] = Path.Combine(directory.FullName, "kubeconfig"), ["HOME"] = directory.FullName };

    /// <summary>It runs, and all its nodes have the usual image.</summary>
    public async Task UpAsync(params string[] options)
    {
        kubectl = await KubectlTool.GetAsync(35);
        try
        {
            await FlotillaAsync(["up", "--name", name, .. options]);
        }
        catch
        {
            // Nobody disposes of what did not begin.
            await FlotillaAsync("down", "--purge", "--grace-period", "0");
            throw;
        }

        (await CommandLine.RunAsync(Path.Combine(Repository.Root, "examples", "my-app", "build-image.sh"), [ImageFile, Cluster.Image])).Success();
        await FlotillaAsync("image", "load", ImageFile);
    }

    public async ValueTask DisposeAsync()
    {
        await FlotillaAsync("down", "--purge", "--grace-period", "0");
        directory.Delete(recursive: true);
    }

    public async Task ApplyAsync(string yaml) => (await CommandLine.RunAsync(kubectl, ["apply", "-f", "-"], yaml, Environs)).Success();

    public async Task<string> KubectlAsync(params string[] arguments) => (await CommandLine.RunAsync(kubectl, arguments, environment: Environs)).Success();

    /// <summary>Goes on while the test does other things.</summary>
    public Task<CommandOutput> BeginKubectlAsync(params string[] arguments) => CommandLine.RunAsync(kubectl, arguments, environment: Environs, limit: TimeSpan.FromMinutes(10));

    public async Task<string> FlotillaAsync(params string[] arguments) => (await RunAsync(Path.Combine(Repository.Root, "flotilla"), arguments)).Success();

    /// <summary>With another program of Flotilla.</summary>
    public Task<CommandOutput> RunAsync(string program, params string[] arguments) =>
        CommandLine.RunAsync(program, WithData(arguments), environment: Environs, limit: TimeSpan.FromMinutes(5));

    /// <summary>The same, for who is to be killed before it ends.</summary>
    public Process Begin(string program, params string[] arguments) => CommandLine.Start(program, WithData(arguments), Environs);

    /// <summary>What was told to a node of this machine, or to the server.</summary>
    public async Task<JsonNode> SettingsAsync(string? node = null) =>
        JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(node is null ? DataDirectory : Path.Combine(DataDirectory, "nodes", node), "cluster.json")))!;

    public async Task<JsonArray> PodsAsync(string app) => (JsonArray)JsonNode.Parse(await KubectlAsync("get", "pods", "-l", $"app={app}", "-o", "json"))!["items"]!;

    public static bool IsReady(JsonNode pod) =>
        (pod["status"]!["conditions"] as JsonArray)?.Any(condition => (string)condition!["type"]! == "Ready" && (string)condition["status"]! == "True") == true;

    // Before the words that a shell is given.
    private string[] WithData(string[] arguments)
    {
        var end = Array.IndexOf(arguments, "--");
        end = end < 0 ? arguments.Length : end;
        return [.. arguments[..end], "--data-dir", DataDirectory, .. arguments[end..]];
    }
}
