using System.Text.Json.Nodes;
using Flotilla.Server.Authorization;
using Flotilla.Server.Objects;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Outside;

public sealed class WebhookTests
{
    private static readonly RequestUser Ann = new("ann", ["dev"]);

    private readonly FakeTimeProvider time = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Another_server_says_whose_token_it_is_and_is_not_asked_twice()
    {
        await using var server = await OutsideServer.StartAsync((_, review) => new JsonObject
        {
            ["status"] = (string?)review!["spec"]!["token"] == "good"
                ? new JsonObject { ["authenticated"] = true, ["user"] = new JsonObject { ["username"] = "bob", ["uid"] = "7", ["groups"] = new JsonArray("ops") } }
                : new JsonObject { ["error"] = "never heard of it" },
        });
        using var parties = new OtherParties(new ApiServerOptions { TokenWebhookFile = server.Kubeconfig() }, time);
        var webhook = parties.Tokens.Single();
        for (var i = 0; i < 3; i++)
        {
            var found = await webhook.IdentifyAsync("good", [], Cancel);
            Assert.Equal(("bob", "7"), (found.User!.Name, found.User.Uid));
            Assert.Equal(["ops", "system:authenticated"], found.User.Groups);
        }

        Assert.Equal(1, server.Asked);
        Assert.Equal("never heard of it", (await webhook.IdentifyAsync("bad", [], Cancel)).Rejection);
        time.Advance(TimeSpan.FromMinutes(3));
        await webhook.IdentifyAsync("good", [], Cancel);
        Assert.Equal(3, server.Asked);
    }

    [Fact]
    public async Task Another_server_decides_what_the_clusters_rules_leave_open()
    {
        await using var server = await OutsideServer.StartAsync((_, review) => new JsonObject
        {
            ["status"] = (string?)review!["spec"]!["resourceAttributes"]!["resource"] switch
            {
                "pods" => new JsonObject { ["allowed"] = true, ["reason"] = "friend" },
                "secrets" => new JsonObject { ["allowed"] = false, ["denied"] = true, ["reason"] = "never" },
                _ => new JsonObject { ["allowed"] = false },
            },
        });
        using var parties = new OtherParties(new ApiServerOptions { AuthorizationWebhookFile = server.Kubeconfig() }, time);
        var authorizer = new Authorizer(parties.Authorizers);
        Assert.Equal(new Decision(Verdict.Allow, "friend"), await authorizer.DecideAsync(Ann, new AccessAttributes("get", "", "pods"), Cancel));
        Assert.Equal(new Decision(Verdict.Deny, "never"), await authorizer.DecideAsync(Ann, new AccessAttributes("get", "", "secrets"), Cancel));
        Assert.Equal(Verdict.NoOpinion, (await authorizer.DecideAsync(Ann, new AccessAttributes("get", "", "nodes"), Cancel)).Verdict);
        await authorizer.DecideAsync(Ann, new AccessAttributes("get", "", "pods"), Cancel);
        Assert.Equal(3, server.Asked);
    }

    [Fact]
    public async Task Another_server_is_told_what_a_list_narrows_itself_to()
    {
        JsonNode? asked = null;
        await using var server = await OutsideServer.StartAsync((_, review) =>
        {
            asked = review!["spec"]!["resourceAttributes"];
            return new JsonObject { ["status"] = new JsonObject { ["allowed"] = true } };
        });
        using var parties = new OtherParties(new ApiServerOptions { AuthorizationWebhookFile = server.Kubeconfig() }, time);
        var wanted = RequestAttributes.Of("GET", "/api/v1/pods", name => name switch
        {
            "fieldSelector" => "spec.nodeName=n1,status.phase!=Failed",
            "labelSelector" => "app in (a,b),!old",
            _ => null,
        });
        await new Authorizer(parties.Authorizers).DecideAsync(Ann, wanted, Cancel);
        Assert.Equal(
            """{"requirements":[{"key":"spec.nodeName","operator":"In","values":["n1"]},{"key":"status.phase","operator":"NotIn","values":["Failed"]}]}""",
            asked!["fieldSelector"]!.ToJsonString());
        Assert.Equal(
            """{"requirements":[{"key":"app","operator":"In","values":["a","b"]},{"key":"old","operator":"DoesNotExist"}]}""",
            asked["labelSelector"]!.ToJsonString());
    }

    [Fact]
    public async Task A_server_that_does_not_answer_has_no_opinion_and_the_reason_is_told()
    {
        await using var server = await OutsideServer.StartAsync((_, _) => null);
        using var parties = new OtherParties(new ApiServerOptions { AuthorizationWebhookFile = server.Kubeconfig(), TokenWebhookFile = server.Kubeconfig() }, time);
        var decision = await new Authorizer(parties.Authorizers).DecideAsync(Ann, new AccessAttributes("get", "", "pods"), Cancel);
        Assert.Equal(Verdict.NoOpinion, decision.Verdict);
        Assert.Contains("404", decision.Error, StringComparison.Ordinal);
        Assert.Contains("404", (await parties.Tokens.Single().IdentifyAsync("x", [], Cancel)).Rejection, StringComparison.Ordinal);
    }
}
