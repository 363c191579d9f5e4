using System.Diagnostics;
using System.Text.Json.Nodes;
using Flotilla.Bench;
using Flotilla.EndToEnd.Tools;
using k8s;

namespace Flotilla.EndToEnd;

/// <summary>
/// A cluster of one machine, started by the real binary with data of its own, and driven by the real kubectl.
/// Whatever happens it is taken down at the end.
/// </summary>
public class Cluster : IAsyncLifetime
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-e2e-");
    private readonly string flotilla = Environment.GetEnvironmentVariable("FLOTILLA") ?? Path.Combine(Repository.Root, "flotilla");
    private readonly Dictionary<int, string> kubectls = [];

    public string Kubeconfig => Path.Combine(directory.FullName, "kubeconfig");

    public string DataDirectory => Path.Combine(directory.FullName, "data");

    /// <summary>The name of the image every test uses; it exists in no registry.</summary>
    public static string Image => "my-image";

    private Dictionary<string, string> Environs => new() { ["KUBECONFIG"] = Kubeconfig, ["HOME"] = directory.FullName };

    public async ValueTask InitializeAsync()
    {
        kubectls[35] = await KubectlTool.GetAsync(35);
        kubectls[32] = await KubectlTool.GetAsync(32);
        await UpAsync();
        await LoadImageAsync(Image);
    }

    public async ValueTask DisposeAsync()
    {
        await DownAsync();
        directory.Delete(recursive: true);
    }

    /// <summary>Builds the image of <c>examples/my-app</c> under a name of one's own, with programs of this machine, and loads it.</summary>
    internal async Task LoadImageAsync(string name, string programs = "", IReadOnlyDictionary<string, string>? programEnvironment = null)
    {
        // Of its own, for tests load images at the same time.
        var file = Path.Combine(directory.FullName, $"image-{Guid.NewGuid():N}.tar");
        var build = Path.Combine(Repository.Root, "examples", "my-app", "build-image.sh");
        (await CommandLine.RunAsync(build, [file, name], environment: new Dictionary<string, string>(programEnvironment ?? new Dictionary<string, string>()) { ["PROGRAMS"] = programs })).Success();
        (await FlotillaAsync("image", "load", file)).Success();
        File.Delete(file);
    }

    internal async Task UpAsync() =>
        (await CommandLine.RunAsync(flotilla, ["up", "--data-dir", DataDirectory], environment: Environs, limit: TimeSpan.FromMinutes(10))).Success();

    /// <summary>SIGKILL to the process that serves this cluster, as a crash would end it.</summary>
    internal async Task KillAsync()
    {
        var pid = await File.ReadAllTextAsync(Path.Combine(DataDirectory, "flotilla.pid"));
        (await CommandLine.RunAsync("kill", ["-9", pid.Trim()])).Success();
        await Eventually.GetAsync(() => Task.FromResult(Directory.Exists($"/proc/{pid.Trim()}")), alive => !alive, 10);
    }

    internal async Task<CommandOutput> DownAsync() => await FlotillaAsync("down", "--grace-period", "1");

    internal Task<CommandOutput> FlotillaAsync(params string[] arguments)
    {
        // Before the words that belong to another command.
        var end = Array.IndexOf(arguments, "--");
        end = end < 0 ? arguments.Length : end;
        return CommandLine.RunAsync(flotilla, [.. arguments[..end], "--data-dir", DataDirectory, .. arguments[end..]], environment: Environs);
    }

    internal Task<CommandOutput> KubectlAsync(params string[] arguments) => KubectlAsync(35, null, arguments);

    internal Task<CommandOutput> KubectlAsync(int minor, string? input, params string[] arguments) =>
        CommandLine.RunAsync(kubectls[minor], arguments, input, Environs);

    /// <summary>helm 3 comes with kubectl 1.32, helm 4 with 1.35.</summary>
    internal Task<CommandOutput> HelmAsync(int major, params string[] arguments) =>
        CommandLine.RunAsync(KubectlTool.HelmBeside(kubectls[major == 3 ? 32 : 35]), arguments, environment: Environs);

    internal async Task<string> KubectlOkAsync(params string[] arguments) => (await KubectlAsync(arguments)).Success();

    /// <summary>kubectl on a terminal of its own, where <paramref name="input"/> is typed; to its end.</summary>
    internal async Task<string> KubectlOnTerminalAsync(int minor, string input, params string[] arguments)
    {
        using var process = CommandLine.Start("script", ["-qec", string.Join(' ', [kubectls[minor], .. arguments]), "/dev/null"], Environs);
        try
        {
            await process.StandardInput.WriteAsync(input);
            await process.StandardInput.FlushAsync();
            return await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>The binary itself, without the script that builds it and installs what it needs.</summary>
    internal Task<CommandOutput> BinaryAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments) => CommandLine.RunAsync(
        Path.Combine(Repository.Root, ".build", "flotilla", "flotilla"), arguments, environment: Environs.Concat(environment).ToDictionary());

    internal Process StartKubectl(params string[] arguments) => StartKubectl(35, arguments);

    internal Process StartKubectl(int minor, params string[] arguments) => CommandLine.Start(kubectls[minor], arguments, Environs);

    /// <summary>kubectl with an editor that is the sed script <paramref name="script"/>.</summary>
    internal Task<CommandOutput> EditAsync(int minor, string script, params string[] arguments) => CommandLine.RunAsync(
        kubectls[minor], ["edit", .. arguments], environment: new Dictionary<string, string>(Environs) { ["KUBE_EDITOR"] = $"sed -i -e '{script}'" });

    internal async Task<JsonNode> GetAsync(params string[] arguments) =>
        JsonNode.Parse(await KubectlOkAsync(["get", .. arguments, "-o", "json"]))!;

    /// <summary>For requests that kubectl would not make.</summary>
    internal HttpClient Http()
    {
        var config = KubernetesClientConfiguration.BuildConfigFromConfigFile(Kubeconfig);
        var handler = new SocketsHttpHandler();
        handler.SslOptions = ClusterTrust.Options(config);
        return new HttpClient(handler) { BaseAddress = new Uri(config.Host) };
    }
}
