using Flotilla.Node.Csi;

namespace Flotilla.Node.Tests.Csi;

public sealed class VolumesInUseTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-in-use-");
    private readonly NodeOptions options;

    public VolumesInUseTests() => options = new NodeOptions { NodeName = "a", DataDirectory = directory.FullName, KubeletDirectory = directory.FullName };

    [Fact]
    public void Only_what_was_attached_to_this_node_is_in_use()
    {
        Write("one", new CsiRecord("disk", "a", "h2", "/t", null, false, IsAttached: true));
        Write("two", new CsiRecord("disk", "a", "h1", "/t", null, false, IsAttached: true));
        Write("three", new CsiRecord("disk", "a", "h1", "/t", null, false, IsAttached: true));
        Write("local", new CsiRecord("disk", "a", "h3", "/t", null, false));
        Write("elsewhere", new CsiRecord("disk", "b", "h4", "/t", null, false, IsAttached: true));
        Assert.Equal(["kubernetes.io/csi/disk^h1", "kubernetes.io/csi/disk^h2"], new VolumesInUse(options).List());
    }

    [Fact]
    public async Task A_volume_waits_until_the_status_has_told_it()
    {
        var (inUse, asked) = (new VolumesInUse(options), 0);
        inUse.Changed = () => asked++;
        var waiting = inUse.WaitUntilReportedAsync("v", TestContext.Current.CancellationToken);
        inUse.Report(["other"]);
        Assert.False(waiting.IsCompleted);
        inUse.Report(["other", "v"]);
        await waiting.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.InRange(asked, 1, 2);
        await inUse.WaitUntilReportedAsync("v", TestContext.Current.CancellationToken);
    }

    public void Dispose() => directory.Delete(recursive: true);

    private void Write(string pod, CsiRecord record) => record.Write(Path.Combine(CsiRecord.Root(options, pod, isBlock: false), "volume"));
}
