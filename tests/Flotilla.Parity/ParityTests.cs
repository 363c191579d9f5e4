using System.Globalization;
using System.Text;
using Flotilla.EndToEnd;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.Parity;

/// <summary>
/// The same calls of the stock docker CLI, one after the other, to Flotilla and to a real dockerd: what they print must be the same,
/// or differ for a reason that the script tells.
/// </summary>
[Collection(ImportTests.OneSwarm)]
public sealed class ParityTests(Cluster cluster) : IDisposable
{
    private const int FewestCalls = 120;
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-parity-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task Swarm_answers_as_dockerd_does()
    {
        var docker = await DockerTool.GetAsync();
        await using var dockerd = await StartDockerdAsync(docker);
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "files")))
        {
            File.Copy(file, Path.Combine(directory.FullName, Path.GetFileName(file)));
        }

        var real = new Engine(docker, dockerd.Host, directory.FullName);
        var own = new Engine(docker, await OwnHostAsync(), directory.FullName);
        var script = Script.Read(Path.Combine(AppContext.BaseDirectory, "swarm.parity"));
        Assert.True(script.Steps.Count >= FewestCalls);
        using var report = new Report();
        foreach (var step in script.Steps)
        {
            var answers = await Task.WhenAll(real.AskAsync(step), own.AskAsync(step));
            report.Add(step, answers[0], answers[1]);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(report.Close(script));
        Assert.Empty(report.Wrong);
    }

    /// <summary>One engine after the other; the table is what counts, no time decides.</summary>
    [Fact]
    public async Task Times_stand_beside_those_of_dockerd()
    {
        await using var dockerd = await StartDockerdAsync(await DockerTool.GetAsync());
        using var real = new Measurement(Cluster.Image, dockerd.Host);
        using var own = new Measurement(Cluster.Image, await OwnHostAsync());
        var figures = (await own.RunAsync()).Zip(await real.RunAsync());
        var table = new StringBuilder("| What | Flotilla | dockerd 20.10 |\n|---|---|---|\n");
        foreach (var (mine, theirs) in figures)
        {
            table.Append(CultureInfo.InvariantCulture, $"| {mine.What} | {mine.Time.TotalSeconds:0.000} s | {theirs.Time.TotalSeconds:0.000} s |\n");
        }

        await File.WriteAllTextAsync(Path.Combine(Repository.Root, ".build", "swarm-figures.md"), table.ToString());
        TestContext.Current.TestOutputHelper?.WriteLine(table.ToString());
    }

    private async Task<string> OwnHostAsync() => (await cluster.FlotillaAsync("docker-env")).Success().Split('=', 2)[1];

    private async Task<Dockerd> StartDockerdAsync(string docker)
    {
        var dockerd = await Dockerd.StartAsync(docker, directory.FullName);
        var file = Path.Combine(directory.FullName, "image.tar");
        (await CommandLine.RunAsync(Path.Combine(Repository.Root, "examples", "my-app", "build-image.sh"), [file, Cluster.Image])).Success();
        (await new Engine(docker, dockerd.Host, directory.FullName).RunAsync("load", "-q", "-i", file)).Success();
        return dockerd;
    }
}
