using Flotilla.Linux.Containerd;
using Flotilla.Node.Containerd;

namespace Flotilla.Node.Tests.Containerd;

public sealed class OciRuntimeTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-runtimes-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void Those_that_are_installed_are_found_the_first_of_each_name_and_runc_before_the_others()
    {
        var crun = Put("first", "crun");
        Put("second", "crun");
        var runc = Put("second", "runc");
        Put("second", "something");
        Assert.Equal([new OciRuntime("runc", runc), new OciRuntime("crun", crun)], OciRuntime.Installed($"{directory}/none:{directory}/first:{directory}/second"));
        Assert.Empty(OciRuntime.Installed($"{directory}/none"));
    }

    [Fact]
    public void Each_is_a_handler_of_containerd_with_a_state_of_its_own()
    {
        var options = new NodeOptions { NodeName = "n", RunDirectory = "/run/x", DefaultRuntime = "crun", Runtimes = [new OciRuntime("runc", "/a/runc"), new OciRuntime("crun", "/b/crun")] };
        var lines = ContainerdConfiguration.Toml(options, restrictOomScore: false).Split('\n').Select(line => line.Trim()).ToList();
        Assert.Contains("default_runtime_name = \"crun\"", lines);
        foreach (var (name, path) in options.Runtimes)
        {
            var handler = lines.IndexOf($"[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.{name}.options]");
            Assert.Equal(["SystemdCgroup = false", $"BinaryName = \"{path}\"", $"Root = \"/run/x/containerd/{name}\""], lines.Skip(handler + 1).Take(3));
        }
    }

    private string Put(string place, string name)
    {
        var file = Path.Combine(directory.CreateSubdirectory(place).FullName, name);
        File.WriteAllText(file, "");
        return file;
    }
}
