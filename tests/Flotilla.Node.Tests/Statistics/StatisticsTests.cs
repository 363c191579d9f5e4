using Flotilla.Client.Metrics;
using Flotilla.Node.Linux;
using Flotilla.Node.Serving;
using Flotilla.Node.Statistics;

namespace Flotilla.Node.Tests.Statistics;

public sealed class StatisticsTests
{
    [Fact]
    public void A_line_of_the_kernels_network_table_is_an_interface()
    {
        var link = LinkCounters.Parse("  eth0: 100 2 3 4 0 0 0 0 500 6 7 8 0 0 0 0")!;
        Assert.Equal(("eth0", 100, 2, 3, 4), (link.Name, link.ReceivedBytes, link.ReceivedPackets, link.ReceiveErrors, link.ReceiveDrops));
        Assert.Equal((500, 6, 7, 8), (link.SentBytes, link.SentPackets, link.SendErrors, link.SendDrops));
        Assert.Null(LinkCounters.Parse("Inter-|   Receive                                                |  Transmit"));
    }

    [Fact]
    public void Metrics_are_written_as_prometheus_reads_them()
    {
        var text = new MetricsText();
        text.Family("x_total", "counter", "How many x.");
        text.Sample("x_total", 1.5, ("name", "a \"b\"\\\n"), ("other", ""));
        text.Sample("x_total", 2, DateTimeOffset.FromUnixTimeMilliseconds(1234));
        Assert.Equal("# HELP x_total How many x.\n# TYPE x_total counter\nx_total{name=\"a \\\"b\\\"\\\\\\n\",other=\"\"} 1.5\nx_total 2 1234\n", text.ToString());
    }

    [Fact]
    public void A_tree_takes_what_its_files_take()
    {
        var directory = Directory.CreateTempSubdirectory("flotilla-du-");
        Directory.CreateDirectory(Path.Combine(directory.FullName, "a"));
        File.WriteAllBytes(Path.Combine(directory.FullName, "a", "b"), new byte[100_000]);
        var use = DiskUse.Of(directory.FullName);
        Assert.Equal(3, use.Files);
        Assert.InRange(use.Bytes, 100_000, 200_000);
        Assert.True(FileSystemSpace.Of(Path.Combine(directory.FullName, "not", "there")).CapacityBytes > use.Bytes);
        directory.Delete(recursive: true);
        Assert.Equal(default, DiskUse.Of(directory.FullName));
    }

    [Theory]
    [InlineData("/stats/summary", "stats")]
    [InlineData("/metrics/cadvisor", "metrics")]
    [InlineData("/logs/syslog", "log")]
    [InlineData("/pods", "pods proxy")]
    [InlineData("/healthz", "healthz proxy")]
    [InlineData("/configz", "configz proxy")]
    [InlineData("/exec/ns/pod/c", "proxy")]
    [InlineData("/flotilla.dev/docker", "docker")]
    public void Each_path_needs_its_own_leave(string path, string parts) => Assert.Equal(parts.Split(' '), NodeAccess.Subresources(path));
}
