using Flotilla.Server.Identity;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Identity;

public sealed class ClusterIdentityTests : IDisposable
{
    private static readonly string[] Names = ["kubernetes", "localhost", "127.0.0.1", "10.96.0.1"];
    private readonly DirectoryInfo parent = Directory.CreateTempSubdirectory("flotilla-identity-");
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private string Pki => Path.Combine(parent.FullName, "pki");

    [Fact]
    public void Everything_is_the_same_after_a_restart()
    {
        var first = Load();
        var second = Load();

        Assert.Equal(first.CaPem, second.CaPem);
        Assert.Equal(first.Admin, second.Admin);
        Assert.Equal(first.ServerCertificate.Thumbprint, second.ServerCertificate.Thumbprint);
        Assert.Equal(first.ServiceAccounts.KeyId, second.ServiceAccounts.KeyId);
    }

    [Fact]
    public void Keys_are_for_their_owner_only()
    {
        Load();

        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        Assert.All(Directory.GetFiles(Pki, "*.key"), file => Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(file) & others));
        Assert.Equal(8, Directory.GetFiles(Pki, "*.key").Length);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Pki) & others);
    }

    [Fact]
    public void The_administrator_is_a_member_of_masters()
    {
        using var admin = Load().Admin.Load();

        Assert.Equal("O=system:masters, CN=kubernetes-admin", admin.Subject);
    }

    [Fact]
    public void A_new_address_of_the_machine_renews_the_server_certificate()
    {
        var before = Load();
        var after = Load([.. Names, "192.0.2.7"]);

        Assert.NotEqual(before.ServerCertificate.Thumbprint, after.ServerCertificate.Thumbprint);
        Assert.True(after.ServerCertificate.MatchesHostname("192.0.2.7"));
        Assert.True(after.ServerCertificate.MatchesHostname("localhost"));
        Assert.Equal(before.CaPem, after.CaPem);
    }

    [Fact]
    public void A_certificate_that_expires_soon_is_renewed_while_the_server_runs()
    {
        var identity = Load();
        var before = identity.ServerCertificate;

        time.Advance(TimeSpan.FromDays(330));

        Assert.NotEqual(before.Thumbprint, identity.ServerCertificate.Thumbprint);
        Assert.NotEqual(identity.Admin, Load().Admin);
    }

    [Theory]
    [InlineData("ca.crt")]
    [InlineData("server.crt")]
    [InlineData("server.key")]
    [InlineData("admin.key")]
    public void A_crash_between_two_files_is_repaired(string missing)
    {
        Load();
        File.Delete(Path.Combine(Pki, missing));

        var identity = Load();

        Assert.True(identity.ServerCertificate.HasPrivateKey);
        Assert.Equal(identity.CaCertificate.Subject, identity.ServerCertificate.Issuer);
    }

    [Fact]
    public void A_lost_key_of_the_authority_is_said_and_not_replaced()
    {
        Load();
        File.Delete(Path.Combine(Pki, "ca.key"));

        var failure = Assert.Throws<InvalidDataException>(() => Load());

        Assert.Contains("ca.key", failure.Message, StringComparison.Ordinal);
    }

    public void Dispose() => parent.Delete(recursive: true);

    private ClusterIdentity Load(string[]? names = null) => ClusterIdentity.LoadOrCreate(Pki, names ?? Names, time);
}
