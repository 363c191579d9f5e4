using System.Text.Json.Nodes;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Specs;

namespace Flotilla.Engine.Tests.Specs;

public sealed class SpecBuilderTests
{
    private static readonly string[] Usual =
        ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"];

    [Fact]
    public void The_process_is_what_was_asked_for()
    {
        var process = Build("""{"Entrypoint":["sh"],"Cmd":["-c","ls"],"Env":["A=1","PATH=/bin"],"WorkingDir":"/srv","Tty":true}""", "{}")["process"]!;
        Assert.Equal("""["sh","-c","ls"]""", process["args"]!.ToJsonString());
        Assert.Equal("""["PATH=/bin","HOSTNAME=box","TERM=xterm","HOME=/root","A=1"]""", process["env"]!.ToJsonString());
        Assert.Equal(("/srv", (bool?)true), ((string?)process["cwd"], (bool?)process["terminal"]));
    }

    [Fact]
    public void A_name_without_a_value_takes_a_variable_away() =>
        Assert.DoesNotContain("HOSTNAME", Build("""{"Cmd":["sh"],"Env":["HOSTNAME"]}""", "{}")["process"]!["env"]!.ToJsonString(), StringComparison.Ordinal);

    [Fact]
    public void Capabilities_are_Dockers_and_what_was_added_and_dropped()
    {
        Assert.Equal(Usual, Bounding("{}"));
        Assert.Equal(["CAP_NET_ADMIN"], Bounding("""{"CapDrop":["ALL"],"CapAdd":["net_admin"]}"""));
        Assert.DoesNotContain("CAP_CHOWN", Bounding("""{"CapDrop":["CAP_CHOWN"]}"""));
    }

    [Fact]
    public void Who_is_not_root_holds_none_and_may_pass_them_on()
    {
        var capabilities = Build("""{"Cmd":["sh"]}""", "{}", user: 1000)["process"]!["capabilities"]!;
        Assert.Empty(capabilities["effective"]!.AsArray());
        Assert.Equal(Usual.Length, capabilities["bounding"]!.AsArray().Count);
    }

    [Fact]
    public void Limits_reach_the_cgroup()
    {
        var resources = Build("""{"Cmd":["sh"]}""", """{"Memory":33554432,"NanoCpus":500000000,"PidsLimit":20,"CpuShares":512,"CpusetCpus":"0"}""")["linux"]!["resources"]!;
        Assert.Equal(33554432, (long?)resources["memory"]!["limit"]);
        Assert.Equal("""{"shares":512,"period":100000,"quota":50000,"cpus":"0"}""", resources["cpu"]!.ToJsonString());
        Assert.Equal(20, (long?)resources["pids"]!["limit"]);
    }

    [Fact]
    public void A_mount_of_the_users_takes_the_place_of_ours_and_outer_ones_come_first()
    {
        var spec = Build(
            """{"Cmd":["sh"]}""", """{"ReadonlyRootfs":true}""",
            mounts: [new MountRecord("bind", "", "/host/inner", "/data/inner", IsReadOnly: true, ""), new MountRecord("volume", "v", "/volumes/v", "/data", IsReadOnly: false, ""), new MountRecord("bind", "", "/host/hosts", "/etc/hosts", false, "")]);
        var mounts = spec["mounts"]!.AsArray().Select(mount => ((string?)mount!["destination"], (string?)mount["source"])).ToList();
        Assert.True(mounts.IndexOf(("/data", "/volumes/v")) < mounts.IndexOf(("/data/inner", "/host/inner")));
        Assert.Equal("/host/hosts", Assert.Single(mounts, mount => mount.Item1 == "/etc/hosts").Item2);
        Assert.Contains("ro", spec["mounts"]!.AsArray().Single(mount => (string?)mount!["destination"] == "/data/inner")!["options"]!.AsArray().Select(option => (string?)option));
        Assert.True((bool?)spec["root"]!["readonly"]);
    }

    [Fact]
    public void A_privileged_one_has_no_filter_and_no_masks()
    {
        var linux = Build("""{"Cmd":["sh"]}""", """{"Privileged":true}""")["linux"]!;
        Assert.Null(linux["seccomp"]);
        Assert.Empty(linux["maskedPaths"]!.AsArray());
        Assert.NotNull(Build("""{"Cmd":["sh"]}""", "{}")["linux"]!["seccomp"]);
    }

    private static IEnumerable<string?> Bounding(string host) => Build("""{"Cmd":["sh"]}""", host)["process"]!["capabilities"]!["bounding"]!.AsArray().Select(name => (string?)name);

    private static JsonObject Build(string config, string host, int user = 0, IEnumerable<MountRecord>? mounts = null)
    {
        var record = new ContainerRecord
        {
            Id = new string('1', 64), Name = "one", Created = DateTime.UnixEpoch, Image = "i", ImageId = "i",
            Config = JsonNode.Parse(config)!.AsObject(), HostConfig = JsonNode.Parse(host)!.AsObject(), Mounts = [.. mounts ?? []],
        };
        return SpecBuilder.Build(new SpecInput(record, new UserIdentity(user, user, [], "/root"), "/group", "box")
        {
            Namespaces = new Dictionary<string, string> { ["mount"] = "", ["uts"] = "", ["ipc"] = "" },
            Files = [("/etc/hosts", "/run/hosts")],
        });
    }
}
