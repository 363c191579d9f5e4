using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Swarm.Services;

namespace Flotilla.Swarm.Tests.Services;

public sealed class RegistryAuthTests
{
    [Theory]
    [InlineData("""{"username":"me","password":"pw","serveraddress":"reg:5000"}""", "reg:5000")]
    [InlineData("""{"username":"me","password":"pw"}""", "docker.io")]
    public void A_login_is_for_the_registry_it_names_or_the_images(string said, string registry) => Assert.Equal(
        "{\"auths\":{\"" + registry + "\":{\"username\":\"me\",\"password\":\"pw\",\"auth\":\"bWU6cHc=\"}}}",
        Encoding.UTF8.GetString(RegistryAuth.Logins(JsonNode.Parse(said), "web")));
}
