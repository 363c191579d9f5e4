using Flotilla.Local;

namespace Flotilla.Tests.Local;

public sealed class MachineClaimTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fltclaim").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Owner => Path.Combine(directory, "owner");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task The_second_cluster_is_refused_until_the_first_is_down()
    {
        var (first, second) = (Cluster("first"), Cluster("second"));
        await MachineClaim.TakeAsync(first, Token, Owner);
        await MachineClaim.TakeAsync(first, Token, Owner);

        var refused = await Assert.ThrowsAsync<UserError>(() => MachineClaim.TakeAsync(second, Token, Owner));
        Assert.Contains($"flotilla down --data-dir {first.DataDirectory}", refused.Message, StringComparison.Ordinal);
        MachineClaim.Release(second, Owner);
        Assert.Equal(first.DataDirectory, await MachineClaim.OtherAsync(second, Token, Owner));

        MachineClaim.Release(first, Owner);
        await MachineClaim.TakeAsync(second, Token, Owner);
        Assert.Equal(second.DataDirectory, await MachineClaim.OtherAsync(first, Token, Owner));
    }

    [Fact]
    public async Task A_cluster_whose_data_is_gone_has_no_claim()
    {
        var (first, second) = (Cluster("first"), Cluster("second"));
        await MachineClaim.TakeAsync(first, Token, Owner);
        Directory.Delete(first.DataDirectory, recursive: true);
        await MachineClaim.TakeAsync(second, Token, Owner);
        Assert.Null(await MachineClaim.OtherAsync(second, Token, Owner));
    }

    private ClusterSettings Cluster(string name)
    {
        var settings = ClusterSettings.Load(Path.Combine(directory, name));
        settings.Save();
        return settings;
    }
}
