using Flotilla.Local;

namespace Flotilla.Tests.Local;

public sealed class ClusterSettingsTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-settings-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void What_an_older_version_did_not_save_has_its_default()
    {
        Write("""{"runDirectory":"/run/other","apiPort":7443,"access":{"oidcUsernameClaim":"email"},"ingress":{"httpPort":8080},"nodeGracePeriod":null}""");
        var settings = ClusterSettings.Load(directory);
        settings.Validate();
        Assert.Equal(("/run/other", 7443, "10.244.0.0/16", ClusterSettings.Vxlan), (settings.RunDirectory, settings.ApiPort, settings.PodCidr, settings.NetworkBackend));
        Assert.Equal("email", settings.Access.OidcUsernameClaim);
        Assert.Equal(new IngressSettings { HttpPort = 8080 }, settings.Ingress);
        Assert.Equal(TimeSpan.FromSeconds(40), settings.NodeGracePeriod);
        Assert.Empty(settings.Datastore.Endpoints);
        Assert.Equal(directory, settings.DataDirectory);
    }

    [Fact]
    public void What_was_saved_is_read_again()
    {
        var saved = new ClusterSettings { DataDirectory = directory, RunDirectory = "/run/x", Ingress = new IngressSettings { Enabled = false }, Name = "one" };
        saved.Save();
        var read = ClusterSettings.Load(directory);
        Assert.Equal(saved.ToJson(), read.ToJson());
        Assert.Equal(saved.ToJson(), ClusterSettings.FromJson(saved.ToJson()).ToJson());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    public void A_damaged_file_is_named(string text)
    {
        Write(text);
        Assert.Contains("cluster.json is damaged", Assert.Throws<UserError>(() => ClusterSettings.Load(directory)).Message, StringComparison.Ordinal);
    }

    private void Write(string text) => File.WriteAllText(Path.Combine(directory, ClusterSettings.FileName), text);
}
