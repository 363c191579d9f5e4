using Flotilla.Kubeconfigs;

namespace Flotilla.Tests.Kubeconfigs;

public sealed class KubeconfigFileTests : IDisposable
{
    private const string Others = """
        apiVersion: v1
        kind: Config
        preferences: {}
        current-context: work
        clusters:
        - cluster: {server: "https://work.example"}
          name: work
        contexts:
        - context: {cluster: work, user: me, namespace: team}
          name: work
        users:
        - name: me
          user: {token: "0123"}
        """;

    private static readonly KubeconfigContext Ours = new("flotilla", "https://127.0.0.1:6443", "YQ==", "Yg==", "Yw==");
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-kubeconfig-");

    private string Config => Path.Combine(directory.FullName, ".kube", "config");

    [Fact]
    public void A_new_file_is_readable_by_its_owner_only()
    {
        Set();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Config));
        Assert.Contains("current-context: flotilla", File.ReadAllText(Config), StringComparison.Ordinal);
    }

    [Fact]
    public void Refreshing_ours_leaves_the_current_context_as_it_is_and_adds_nothing()
    {
        Set();
        var file = KubeconfigFile.Open(Config);
        file.Set(Ours with { Name = "another" });

        Assert.True(file.Refresh(Ours with { CertificateBase64 = "bmV3" }));
        Assert.Contains("current-context: another", file.ToString(), StringComparison.Ordinal);
        Assert.Contains("client-certificate-data: bmV3", file.ToString(), StringComparison.Ordinal);
        Assert.False(file.Refresh(Ours with { Name = "removed" }));
        Assert.DoesNotContain("removed", file.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Other_contexts_survive_ours_coming_and_going()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Config)!);
        File.WriteAllText(Config, Others);

        Set();
        Set();
        var file = KubeconfigFile.Open(Config);
        Assert.True(file.Remove("flotilla"));
        file.Save();

        var text = File.ReadAllText(Config);
        Assert.DoesNotContain("name: flotilla", text, StringComparison.Ordinal);
        Assert.All(["https://work.example", "namespace: team", "0123"], kept => Assert.Contains(kept, text, StringComparison.Ordinal));
        Assert.False(KubeconfigFile.Open(Config).Remove("flotilla"));
    }

    [Fact]
    public void Setting_twice_leaves_one_context()
    {
        Set();
        Set();

        Assert.Equal(3, File.ReadAllText(Config).Split("name: flotilla").Length - 1);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("- a list")]
    public void What_is_no_kubeconfig_is_left_alone(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Config)!);
        File.WriteAllText(Config, content);

        Assert.Throws<InvalidDataException>(Set);
        Assert.Equal(content, File.ReadAllText(Config));
    }

    public void Dispose() => directory.Delete(recursive: true);

    private void Set()
    {
        var file = KubeconfigFile.Open(Config);
        file.Set(Ours);
        file.Save();
    }
}
