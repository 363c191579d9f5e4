using Flotilla.Local;

namespace Flotilla.Tests.Local;

public sealed class MachineClaimTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fltclaim").FullName;

    private string Owner => Path.Combine(directory, "owner");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void The_second_cluster_is_refused_until_the_first_is_down()
    {
        var (first, second) = (Cluster("first"), Cluster("second"));
        MachineClaim.Take(first, Owner);
        MachineClaim.Take(first, Owner);

        var refused = Assert.Throws<UserError>(() => MachineClaim.Take(second, Owner));
        Assert.Contains($"flotilla down --data-dir {first.DataDirectory}", refused.Message, StringComparison.Ordinal);
        MachineClaim.Release(second, Owner);
        Assert.Equal(first.DataDirectory, MachineClaim.Other(second, Owner));

        MachineClaim.Release(first, Owner);
        MachineClaim.Take(second, Owner);
        Assert.Equal(second.DataDirectory, MachineClaim.Other(first, Owner));
    }

    [Fact]
    public void A_cluster_whose_data_is_gone_has_no_claim()
    {
        var (first, second) = (Cluster("first"), Cluster("second"));
        MachineClaim.Take(first, Owner);
        Directory.Delete(first.DataDirectory, recursive: true);
        MachineClaim.Take(second, Owner);
        Assert.Null(MachineClaim.Other(second, Owner));
    }

    private ClusterSettings Cluster(string name)
    {
        var settings = ClusterSettings.Load(Path.Combine(directory, name));
        settings.Save();
        return settings;
    }
}
