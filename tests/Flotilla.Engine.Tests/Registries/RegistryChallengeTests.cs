using System.Net.Http.Headers;
using Flotilla.Engine.Registries;

namespace Flotilla.Engine.Tests.Registries;

public sealed class RegistryChallengeTests
{
    [Fact]
    public void Commas_in_quotes_belong_to_the_value()
    {
        using var answer = Answer("Bearer", "realm=\"https://auth.example/token\",service=\"registry.example\",scope=\"repository:a/b:pull,push\"");
        Assert.Equal(new RegistryChallenge("https://auth.example/token", "registry.example", "repository:a/b:pull,push"), RegistryChallenge.Of(answer));
        Assert.Equal("https://auth.example/token?service=registry.example&scope=repository%3Aa%2Fb%3Apull%2Cpush&account=me", RegistryChallenge.Of(answer)!.Address("me", "").AbsoluteUri);
    }

    [Fact]
    public void A_password_alone_needs_no_token()
    {
        using var answer = Answer("Basic", "realm=\"x\"");
        Assert.Null(RegistryChallenge.Of(answer));
    }

    [Theory]
    [InlineData("localhost:5000", "http://localhost:5000/v2/")]
    [InlineData("127.0.0.2", "http://127.0.0.2/v2/")]
    [InlineData("https://registry.example/v1/", "https://registry.example/v2/")]
    [InlineData("https://index.docker.io/v1/", "https://registry-1.docker.io/v2/")]
    [InlineData("", "https://registry-1.docker.io/v2/")]
    public void Only_the_machines_own_registries_are_asked_in_the_open(string server, string address) => Assert.Equal(address, RegistryAddress.Of(server).AbsoluteUri);

    private static HttpResponseMessage Answer(string scheme, string parameter) => new() { Headers = { WwwAuthenticate = { new AuthenticationHeaderValue(scheme, parameter) } } };
}
