using Flotilla.Linux.Cri;
using Flotilla.Node.Cdi;

namespace Flotilla.Node.Tests.Cdi;

public sealed class CdiInjectionTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-cdi-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void A_container_gets_what_the_devices_file_says_and_what_all_of_its_kind_need()
    {
        Write("etc/gpu.yaml", """
            cdiVersion: "0.6.0"
            kind: example.com/gpu
            containerEdits: {env: [COMMON=1], additionalGids: [7]}
            devices:
            - name: one
              containerEdits:
                env: [GPU=one=1]
                deviceNodes: [{path: /dev/gpu, hostPath: /dev/null, permissions: r}, {path: /dev/zero}]
                mounts: [{hostPath: /usr/lib, containerPath: /lib/gpu, options: [ro, nosuid, rbind, rslave]}]
            - name: two
              containerEdits: {env: [OTHER=2]}
            """);
        var config = Config();
        config.Envs.Add(new KeyValue { Key = "GPU", Value = "mine" });
        foreach (var edits in Registry().Find(["example.com/gpu=one", "example.com/gpu=two", "example.com/gpu=one"]))
        {
            CdiEdit.Apply(config, edits);
        }

        Assert.Equal(["COMMON=1", "GPU=one=1", "OTHER=2"], config.Envs.Select(variable => $"{variable.Key}={variable.Value}"));
        Assert.Equal(["/dev/null /dev/gpu r", "/dev/zero /dev/zero rwm"], config.Devices.Select(device => $"{device.HostPath} {device.ContainerPath} {device.Permissions}"));
        Assert.Equal(("/usr/lib", "/lib/gpu", true, MountPropagation.PropagationHostToContainer), (config.Mounts[0].HostPath, config.Mounts[0].ContainerPath, config.Mounts[0].Readonly, config.Mounts[0].Propagation));
        Assert.Equal([7L], config.Linux.SecurityContext.SupplementalGroups);
    }

    [Fact]
    public void What_drivers_write_comes_before_what_the_administrator_wrote()
    {
        Write("etc/gpu.json", """{"kind": "example.com/gpu", "devices": [{"name": "one", "containerEdits": {"env": ["FROM=etc"]}}]}""");
        Write("run/gpu.json", """{"kind": "example.com/gpu", "devices": [{"name": "one", "containerEdits": {"env": ["FROM=run"]}}]}""");
        Assert.Equal(["FROM=run"], Registry().Find(["example.com/gpu=one"]).Single().Env!);
        Write("run/same.json", """{"kind": "example.com/gpu", "devices": [{"name": "one", "containerEdits": {"env": ["FROM=same"]}}]}""");
        Assert.Equal("conflicting device \"example.com/gpu=one\": 2 specs of the same directory have it", Assert.Throws<CdiException>(() => Registry().Find(["example.com/gpu=one"])).Message);
    }

    [Fact]
    public void Devices_that_cannot_be_had_are_told()
    {
        Write("run/broken.json", "{\"kind\": [");
        Write("run/gpu.json", """
            {"kind": "example.com/gpu", "devices": [
              {"name": "hooked", "containerEdits": {"hooks": [{"hookName": "createContainer", "path": "/bin/true"}]}},
              {"name": "absent", "containerEdits": {"deviceNodes": [{"path": "/dev/absent"}]}},
              {"name": "memory", "containerEdits": {"mounts": [{"hostPath": "tmpfs", "containerPath": "/m", "type": "tmpfs"}]}}]}
            """);
        Assert.Equal("unresolvable CDI devices example.com/gpu=a, x", Assert.Throws<CdiException>(() => Registry().Find(["example.com/gpu=a", "x"])).Message);
        Assert.Equal("hooks, cache classes and network devices need a container runtime that knows CDI, this one does not", Refusal("hooked"));
        Assert.Equal("device node \"/dev/absent\" does not exist on the node", Refusal("absent"));
        Assert.Equal("a mount of type \"tmpfs\" needs a container runtime that knows CDI, this one does not", Refusal("memory"));
    }

    [Theory]
    [InlineData("containerd", """{"enableSelinux": false}""", false)]
    [InlineData("containerd", """{"enableCDI": false}""", false)]
    [InlineData("containerd", """{"enableCDI": true}""", true)]
    [InlineData("containerd", """{"enableCDI": null}""", true)]
    [InlineData("containerd", "no JSON", false)]
    [InlineData("cri-o", "", true)]
    public void A_runtime_tells_whether_it_knows_the_interface(string runtime, string configuration, bool knows) =>
        Assert.Equal(knows, CdiSupport.Of(runtime, new Dictionary<string, string> { ["config"] = configuration }));

    private string Refusal(string device) => Assert.Throws<CdiException>(() => CdiEdit.Apply(Config(), Registry().Find([$"example.com/gpu={device}"]).Single())).Message;

    private CdiRegistry Registry() => new([Path.Combine(directory.FullName, "etc"), Path.Combine(directory.FullName, "run")]);

    private static ContainerConfig Config() => new() { Linux = new LinuxContainerConfig { SecurityContext = new LinuxContainerSecurityContext() } };

    private void Write(string name, string text)
    {
        var path = Path.Combine(directory.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
