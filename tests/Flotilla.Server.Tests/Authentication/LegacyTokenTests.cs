using System.Text;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Authentication;

public sealed class LegacyTokenTests(ApiHost host)
{
    [Fact]
    public async Task A_secret_for_an_account_is_filled_and_its_token_holds_until_the_secret_is_gone()
    {
        var space = await host.SpaceAsync();
        var api = $"/api/v1/namespaces/{space}";
        (await host.Admin.PostAsync($"{api}/serviceaccounts", """{"metadata":{"name":"robot"}}""")).Expect(201);
        (await host.Admin.PostAsync($"{api}/secrets", """{"metadata":{"name":"robot-token","annotations":{"kubernetes.io/service-account.name":"robot"}},"type":"kubernetes.io/service-account-token"}""")).Expect(201);
        var filled = await host.Admin.EventuallyAsync($"{api}/secrets/robot-token", reply => reply["data.token"] is not null);
        Assert.NotNull(filled["metadata.annotations"]!["kubernetes.io/service-account.uid"]);
        Assert.Equal(space, Encoding.UTF8.GetString(Convert.FromBase64String((string)filled["data.namespace"]!)));
        var token = Encoding.UTF8.GetString(Convert.FromBase64String((string)filled["data.token"]!));
        var self = (await host.Client(null, token).PostAsync("/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")).Expect(201);
        Assert.Equal($"system:serviceaccount:{space}:robot", (string?)self["status.userInfo.username"]);
        var used = await host.Admin.EventuallyAsync($"{api}/secrets/robot-token", reply => reply["metadata.labels"] is not null);
        Assert.Equal(DateTime.UtcNow, DateTime.Parse((string)used["metadata.labels"]!["kubernetes.io/legacy-token-last-used"]!, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.FromDays(1));
        (await host.Admin.DeleteAsync($"{api}/secrets/robot-token")).Expect(200);
        (await host.Client(null, token).GetAsync("/api")).Expect(401);
    }

    [Fact]
    public async Task A_secret_goes_with_its_account()
    {
        var space = await host.SpaceAsync();
        var api = $"/api/v1/namespaces/{space}";
        (await host.Admin.PostAsync($"{api}/serviceaccounts", """{"metadata":{"name":"robot"}}""")).Expect(201);
        (await host.Admin.PostAsync($"{api}/secrets", """{"metadata":{"name":"robot-token","annotations":{"kubernetes.io/service-account.name":"robot"}},"type":"kubernetes.io/service-account-token"}""")).Expect(201);
        await host.Admin.EventuallyAsync($"{api}/secrets/robot-token", reply => reply["data.token"] is not null);
        (await host.Admin.DeleteAsync($"{api}/serviceaccounts/robot")).Expect(200);
        await host.Admin.EventuallyAsync($"{api}/secrets/robot-token", reply => reply.Code == 404);
    }
}
