using System.Text;
using System.Text.Json;
using Flotilla.Node.Registry;
using k8s.Models;

namespace Flotilla.Node.Tests.Registry;

public sealed class RegistryCredentialsTests
{
    [Theory]
    [InlineData("https://index.docker.io/v1/", "docker.io/library/busybox:1", true)]
    [InlineData("docker.io", "docker.io/library/busybox:1", true)]
    [InlineData("registry.example.com", "registry.example.com/team/app:1", true)]
    [InlineData("registry.example.com:5000", "registry.example.com/team/app:1", false)]
    [InlineData("registry.example.com/team", "registry.example.com/team/app:1", true)]
    [InlineData("registry.example.com/other", "registry.example.com/team/app:1", false)]
    [InlineData("*.example.com", "registry.example.com/team/app:1", true)]
    [InlineData("*.example.com", "a.b.example.com/app:1", false)]
    [InlineData("example.com", "registry.example.com/app:1", false)]
    public void An_entry_covers_what_its_place_says(string place, string image, bool covers) =>
        Assert.Equal(covers, RegistryCredentials.For([Secret((place, "user"))], image).Any());

    [Fact]
    public void The_more_exact_entry_goes_first_then_the_earlier_secret()
    {
        var first = Secret(("registry.example.com", "all"), ("registry.example.com/team", "team"));
        var second = Secret(("registry.example.com", "late"));
        Assert.Equal(["team", "all", "late"], RegistryCredentials.For([first, second], "registry.example.com/team/app:1").Select(login => login.Username));
    }

    [Theory]
    [InlineData("""{"auths":{"a.b":{"auth":"!"}}}""")]
    [InlineData("""{"auths":[]}""")]
    [InlineData("nothing")]
    public void A_damaged_secret_grants_nothing(string json) =>
        Assert.Empty(RegistryCredentials.For([new V1Secret { Data = new Dictionary<string, byte[]> { [".dockerconfigjson"] = Encoding.UTF8.GetBytes(json) } }], "a.b/c:1"));

    private static V1Secret Secret(params (string Place, string User)[] entries)
    {
        var auths = entries.ToDictionary(entry => entry.Place, entry => new { username = entry.User, password = "p" });
        return new V1Secret { Data = new Dictionary<string, byte[]> { [".dockerconfigjson"] = JsonSerializer.SerializeToUtf8Bytes(new { auths }) } };
    }
}
