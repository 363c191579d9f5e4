using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Volumes;
using Flotilla.Engine.Volumes.Local;
using Flotilla.Linux.Mounts;

namespace Flotilla.Engine.Tests.Volumes;

/// <summary>Real mounts below a directory of its own.</summary>
public sealed class MountedVolumesTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-volumes-").FullName;
    private readonly VolumeGates gates = new();
    private readonly VolumeStore store;
    private readonly VolumeMounts mounts;

    public MountedVolumesTests()
    {
        var options = new EngineOptions { ContainerdSocket = "", VolumeDirectory = Path.Combine(directory, "volumes") };
        store = new VolumeStore(options, new EventLog(TimeProvider.System), TimeProvider.System);
        mounts = new VolumeMounts(store, gates, LocalMount.OfThisMachine);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Source => Path.Combine(directory, "source");

    public void Dispose()
    {
        foreach (var point in MountTable.Below(directory))
        {
            Native.Unmount(point);
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_file_system_is_there_from_the_first_holder_to_the_last()
    {
        Create("data", "type=tmpfs device=tmpfs o=size=1m,mode=700");
        Assert.False(IsMounted("data"));
        await mounts.HoldAsync("data", "pod-a", Cancellation);
        await File.WriteAllTextAsync(FileIn("data"), "shared", Cancellation);
        await mounts.HoldAsync("data", "container-b", Cancellation);
        await mounts.HoldAsync("data", "container-b", Cancellation);
        Assert.Equal("shared", await File.ReadAllTextAsync(FileIn("data"), Cancellation));
        await mounts.ReleaseAsync("data", "pod-a", Cancellation);
        Assert.True(IsMounted("data"));
        await mounts.ReleaseAsync("data", "container-b", Cancellation);
        Assert.False(IsMounted("data"));
        Assert.False(File.Exists(FileIn("data")));
    }

    [Fact]
    public async Task A_directory_of_the_machine_is_held_too_and_stays_meanwhile()
    {
        Create("plain", "");
        await mounts.HoldAsync("plain", "pod-a", Cancellation);
        await Assert.ThrowsAsync<DockerException>(() => mounts.RemoveAsync("plain", Cancellation));
        await mounts.ReleaseAllAsync("pod-a", Cancellation);
        await mounts.RemoveAsync("plain", Cancellation);
        Assert.Null(store.TryFind("plain"));
    }

    [Fact]
    public async Task Whoever_comes_after_a_crash_mounts_nothing_twice_and_leaves_nothing()
    {
        Create("data", "type=tmpfs device=tmpfs");
        Create("other", "type=tmpfs device=tmpfs");
        await mounts.HoldAsync("data", "container-runs", Cancellation);
        await mounts.HoldAsync("data", "container-ended", Cancellation);
        await mounts.HoldAsync("other", "container-ended", Cancellation);

        var next = new VolumeMounts(store, new VolumeGates(), LocalMount.OfThisMachine);
        await next.ReleaseEndedAsync(id => id == "runs", Cancellation);
        Assert.Equal((true, false), (IsMounted("data"), IsMounted("other")));
        Assert.Equal(["runs"], next.UsersOf("data"));
        await next.HoldAsync("data", "pod-x", Cancellation);
        Assert.Equal(["x"], next.HoldingPods);
        Assert.Single(MountTable.Below(store.DirectoryOf("data")));
        await next.ReleaseEndedAsync(_ => false, Cancellation);
        Assert.True(IsMounted("data"));
        await next.ReleaseAllAsync("pod-x", Cancellation);
        Assert.False(IsMounted("data"));
    }

    [Fact]
    public async Task A_mount_that_fails_is_told_as_dockerd_does_and_held_by_nobody()
    {
        Create("lost", "type=none o=bind device=/no/such/place");
        var place = store.DirectoryOf("lost");
        var refused = await Assert.ThrowsAsync<DockerException>(() => mounts.HoldAsync("lost", "pod-a", Cancellation));
        Assert.Equal((500, $"error while mounting volume '{place}': failed to mount local volume: mount /no/such/place:{place}, flags: 0x1000: no such file or directory"), (refused.Code, refused.Message));
        Assert.Empty(mounts.UsersOf("lost"));
        await mounts.RemoveAsync("lost", Cancellation);
        Assert.Null(store.TryFind("lost"));
    }

    [Fact]
    public async Task What_is_behind_a_mount_is_never_deleted()
    {
        Directory.CreateDirectory(Source);
        await File.WriteAllTextAsync(Path.Combine(Source, "file"), "kept", Cancellation);
        Create("bound", $"type=none o=bind,ro device={Source}");
        await mounts.HoldAsync("bound", "container-a", Cancellation);
        Assert.Throws<IOException>(() => File.WriteAllText(FileIn("bound"), "changed"));
        var refused = await Assert.ThrowsAsync<DockerException>(() => mounts.RemoveAsync("bound", Cancellation));
        Assert.Equal((409, "remove bound: volume is in use - [a]"), (refused.Code, refused.Message));
        VolumeMounts.ForgetHolders(store.PlaceOf("bound"));
        await mounts.RemoveAsync("bound", Cancellation);
        Assert.False(Directory.Exists(store.PlaceOf("bound")));

        // Also where somebody has mounted something in a volume without options.
        Create("plain", "");
        Native.Mount(Source, Directory.CreateDirectory(FileIn("plain")).FullName, null, Native.BindMount, null);
        refused = await Assert.ThrowsAsync<DockerException>(() => mounts.RemoveAsync("plain", Cancellation));
        Assert.Equal($"remove plain: something is mounted at {FileIn("plain")}", refused.Message);
        EngineCleanup.UnmountVolumes(new EngineOptions { ContainerdSocket = "", VolumeDirectory = Path.Combine(directory, "volumes") });
        await mounts.RemoveAsync("plain", Cancellation);
        Assert.Equal("kept", await File.ReadAllTextAsync(Path.Combine(Source, "file"), Cancellation));
    }

    [Fact]
    public async Task Of_a_file_system_that_is_not_mounted_only_the_empty_directory_goes()
    {
        Create("data", "type=tmpfs device=tmpfs");
        await File.WriteAllTextAsync(FileIn("data"), "written beside the mount", Cancellation);
        Assert.StartsWith("remove data: Directory not empty", (await Assert.ThrowsAsync<DockerException>(() => mounts.RemoveAsync("data", Cancellation))).Message, StringComparison.Ordinal);
        Assert.True(File.Exists(FileIn("data")));
    }

    [Fact]
    public async Task A_disk_keeps_its_files()
    {
        var disk = Path.Combine(directory, "disk");
        await using (var file = File.Create(disk))
        {
            file.SetLength(16 << 20);
        }

        await ThisMachine.Commands.DoAsync("mkfs.ext4", ["-q", disk], Cancellation);
        var device = (await ThisMachine.Commands.DoAsync("losetup", ["--find", "--show", disk], Cancellation)).Trim();
        try
        {
            Create("disk", $"type=ext4 device={device}");
            for (var turn = 0; turn < 2; turn++)
            {
                await mounts.HoldAsync("disk", "pod-a", Cancellation);
                Assert.Equal(turn == 1, File.Exists(FileIn("disk")));
                await File.WriteAllTextAsync(FileIn("disk"), "kept", Cancellation);
                await mounts.ReleaseAsync("disk", "pod-a", Cancellation);
            }
        }
        finally
        {
            await ThisMachine.Commands.DoAsync("losetup", ["--detach", device], Cancellation);
        }
    }

    [Fact]
    public void The_same_name_again_is_what_is_there_whatever_options_come_with_it()
    {
        var first = Create("data", "type=tmpfs device=tmpfs");
        Assert.Equal(first.OptionWords, Create("data", "type=nfs").OptionWords);
        var refused = Assert.Throws<DockerException>(() => Create("new", "type=nfs"));
        Assert.Equal((400, "create new: missing required option: \"device\""), (refused.Code, refused.Message));
        Assert.Null(store.TryFind("new"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("type=tmpfs device=tmpfs")]
    public async Task An_empty_volume_begins_with_the_images_files_and_their_owners(string options)
    {
        Create("data", options);
        await mounts.HoldAsync("data", "pod-a", Cancellation);
        var image = Image();
        await FillAsync("data", image);
        Assert.Equal((7, 8), Owner(FileIn("data")));
        Assert.Equal(((UnixFileMode)0b110_100_000, (UnixFileMode)0b111_101_000), (File.GetUnixFileMode(FileIn("data")), File.GetUnixFileMode(store.DirectoryOf("data"))));

        // Never again: what was deleted stays so.
        File.Delete(FileIn("data"));
        await File.WriteAllTextAsync(Path.Combine(store.DirectoryOf("data"), "own"), "", Cancellation);
        await FillAsync("data", image);
        Assert.False(File.Exists(FileIn("data")));
    }

    [Fact]
    public async Task A_copy_that_was_cut_off_is_made_again_when_its_process_has_ended()
    {
        Create("data", "");
        var begun = Path.Combine(store.PlaceOf("data"), "filling");
        await File.WriteAllTextAsync(begun, "{}", Cancellation);
        await File.WriteAllTextAsync(FileIn("data"), "ha", Cancellation);
        using var left = System.Diagnostics.Process.Start("flock", [begun, "sleep", "30"]);
        await Task.Delay(TimeSpan.FromMilliseconds(300), Cancellation);
        var filling = FillAsync("data", Image());
        Assert.NotSame(filling, await Task.WhenAny(filling, Task.Delay(TimeSpan.FromMilliseconds(300), Cancellation)));
        left.Kill(entireProcessTree: true);
        await filling;
        Assert.Equal("half", await File.ReadAllTextAsync(FileIn("data"), Cancellation));
        Assert.False(File.Exists(begun));
    }

    private VolumeRecord Create(string name, string options) =>
        store.Create(name, new JsonObject { ["DriverOpts"] = new JsonObject(Local.LocalOptionsTests.Read(options).Select(option => KeyValuePair.Create(option.Key, (JsonNode?)option.Value))) });

    private bool IsMounted(string name) => MountTable.Has(store.RealDirectoryOf(name));

    private string FileIn(string name) => Path.Combine(store.DirectoryOf(name), "file");

    private string Image()
    {
        var files = Directory.CreateDirectory(Path.Combine(directory, "image", "data"), (UnixFileMode)0b111_101_000).FullName;
        File.WriteAllText(Path.Combine(files, "file"), "half");
        File.SetUnixFileMode(Path.Combine(files, "file"), (UnixFileMode)0b110_100_000);
        Native.ChangeOwner(Path.Combine(files, "file"), 7, 8);
        return Path.Combine(directory, "image");
    }

    private Task FillAsync(string name, string image) => new VolumeContents(store, gates).FillAsync(name, "/data", async useAsync =>
    {
        using var files = MountedFiles.Of([new Flotilla.Linux.Containerd.Mount { Source = image, Options = { "rbind" } }], Path.Combine(directory, "seen"));
        await useAsync(files);
    }, Cancellation);

    private static (int User, int Group) Owner(string file) => (Native.State(file)!.User, Native.State(file)!.Group);
}
