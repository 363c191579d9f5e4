using Flotilla.Local;

namespace Flotilla.Tests.Local;

public sealed class ClusterRangesTests
{
    [Theory]
    [InlineData("10.244.0.0/16", "10.96.0.0/12")]
    [InlineData("10.244.0.0/16,fd00:10:244::/56", "10.96.0.0/16,fd00:10:96::/112")]
    [InlineData("fd00:10:244::/56,10.244.0.0/16", "fd00:10:96::/112,10.96.0.0/16")]
    [InlineData("fd00:10:244::/48", "fd00:10:96::/64")]
    public void One_range_or_one_of_each_family_will_do(string pods, string services) => ClusterRanges.Validate(pods, services);

    [Theory]
    [InlineData("10.244.0.0/16,10.245.0.0/16", "10.96.0.0/12", "--pod-cidr 10.244.0.0/16,10.245.0.0/16 has two IPv4 networks; there may be one of each family, like 10.244.0.0/16,fd00:10:244::/56.")]
    [InlineData("fd00::/56,fd01::/56", "10.96.0.0/12", "--pod-cidr fd00::/56,fd01::/56 has two IPv6 networks; there may be one of each family, like 10.244.0.0/16,fd00:10:244::/56.")]
    [InlineData("10.244.0.0/16,fd00::/56,fd01::/56", "10.96.0.0/12", "--pod-cidr 10.244.0.0/16,fd00::/56,fd01::/56 has more than two networks; there may be one of each family, like 10.244.0.0/16,fd00:10:244::/56.")]
    [InlineData("10.244.0.0/25", "10.96.0.0/12", "--pod-cidr 10.244.0.0/25: an IPv4 network must be of at most /24, like 10.244.0.0/16.")]
    [InlineData("10.244.0.0/16,fd00::/40", "10.96.0.0/12", "--pod-cidr fd00::/40: an IPv6 network must be between /48 and /64, like fd00:10:244::/56.")]
    [InlineData("10.244.0.0/16,fd00:10:244::/56", "10.96.0.0/12,fd00:10:96::/48", "--service-cidr fd00:10:96::/48: an IPv6 network must be between /64 and /124, like fd00:10:96::/112.")]
    [InlineData("10.244.0.0/16", "here", "--service-cidr here must be a network like 10.244.0.0/16, or one of each family like 10.244.0.0/16,fd00:10:244::/56.")]
    [InlineData("10.244.0.0/16,fd00:10:244::/56", "fd00:10:96::/112,10.96.0.0/12", "--pod-cidr has IPv4 and IPv6 and --service-cidr IPv6 and IPv4: both must have the same families, in the same order.")]
    public void Others_are_refused_with_the_reason(string pods, string services, string why) =>
        Assert.Equal(why, Assert.Throws<UserError>(() => ClusterRanges.Validate(pods, services)).Message);

    [Theory]
    [InlineData(null, "10.96.0.0/16", "10.96.0.0/16")]
    [InlineData("10.1.0.0/16", "10.96.0.0/16", "10.96.0.0/16")]
    [InlineData("10.244.0.0/16,fd00:10:244::/56", "10.96.0.0/16", "10.96.0.0/16,fd00:10:96::/112")]
    [InlineData("fd00:10:244::/56,10.244.0.0/16", "10.96.0.0/16", "fd00:10:96::/112,10.96.0.0/16")]
    [InlineData("fd00:10:244::/56", "10.96.0.0/16", "fd00:10:96::/112")]
    [InlineData("10.244.0.0/16", "10.96.0.0/16,fd00::/112", "10.96.0.0/16")]
    [InlineData("nonsense", "10.96.0.0/16", "10.96.0.0/16")]
    public void What_was_not_told_follows_what_was(string? told, string known, string expected) =>
        Assert.Equal(expected, ClusterRanges.Matching(told, known, ClusterSettings.UsualServices, ClusterSettings.UsualServices6));

    [Theory]
    [InlineData("10.244.0.0/16", "10.244.0.0/16,fd00:10:244::/56")]
    [InlineData("10.244.0.0/16,fd00:10:244::/56", "10.244.0.0/16")]
    [InlineData("10.244.0.0/16,fd00:10:244::/56", "fd00:10:244::/56,10.244.0.0/16")]
    public void A_cluster_that_is_there_keeps_its_families(string before, string wanted)
    {
        var refused = Assert.Throws<UserError>(() => ClusterRanges.CheckFamilies(new ClusterSettings { RunDirectory = "/run", PodCidr = wanted }, new ClusterSettings { RunDirectory = "/run", PodCidr = before, DataDirectory = "/data" }));
        Assert.StartsWith($"The cluster in /data was made with {(before.Contains(':', StringComparison.Ordinal) ? "IPv4 and IPv6" : "IPv4")} (--pod-cidr {before}), and its nodes keep their ranges for life: {wanted} is for a new cluster.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_families_pass() => ClusterRanges.CheckFamilies(new ClusterSettings { RunDirectory = "/run", PodCidr = "10.9.0.0/16" }, new ClusterSettings { RunDirectory = "/run" });
}
