using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Admission.Webhooks;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage;

namespace Flotilla.Server.Tests.Lifetime;

/// <summary>What is under way when the server stops or a request has no more time.</summary>
public sealed class ShutdownTests(WebhookServer webhooks)
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watches_end_in_order_and_writes_under_way_are_completed()
    {
        await using var store = new MemoryStore();
        await using var own = await OwnServer.StartAsync(store);
        var (reached, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        await HoldAsync(own, reached, release);
        using var watching = await own.Http.GetAsync($"{Maps}?watch=1", HttpCompletionOption.ResponseHeadersRead, Cancel);
        var writing = own.Admin.PostAsync(Maps, """{"metadata":{"name":"held"}}""");
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        var stopping = own.Server.StopAsync(Cancel);
        using var reader = new StreamReader(await watching.Content.ReadAsStreamAsync(Cancel));
        while (await reader.ReadLineAsync(Cancel) is not null)
        {
            // To its end, which comes without an error.
        }

        Assert.False(stopping.IsCompleted);
        release.SetResult();
        (await writing).Expect(201);
        await stopping;
        Assert.NotNull(await store.GetAsync("/core/configmaps/default/held", Cancel));
    }

    [Fact]
    public async Task A_write_that_has_no_more_time_is_given_up()
    {
        await using var store = new MemoryStore();
        await using var own = await OwnServer.StartAsync(store);
        var (reached, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        await HoldAsync(own, reached, release);
        var late = (await own.Admin.PostAsync($"{Maps}?timeout=200ms", """{"metadata":{"name":"late"}}""")).Expect(504);
        Assert.Equal(("Timeout", "Timeout: request did not complete within requested timeout - context deadline exceeded"), ((string?)late["reason"], late.Message));
        release.SetResult();
        (await own.Admin.GetAsync($"{Maps}/late")).Expect(404);
        Assert.Equal("invalid timeout specified in the request URL - time: invalid duration \"soon\"", (await own.Admin.GetAsync($"{Maps}?timeout=soon")).Expect(400).Message);
    }

    [Fact]
    public async Task Who_finds_the_queue_full_is_told_to_come_again()
    {
        await using var store = new MemoryStore();
        await using var own = await OwnServer.StartAsync(store, change: options => options with { MaxConcurrentRequests = 1 });
        const string Flow = "/apis/flowcontrol.apiserver.k8s.io/v1";
        (await own.Admin.PostAsync($"{Flow}/prioritylevelconfigurations", """{"metadata":{"name":"narrow"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":1,"lendablePercent":0,"borrowingLimitPercent":0,"limitResponse":{"type":"Queue","queuing":{"queues":1,"handSize":1,"queueLengthLimit":1}}}}}""")).Expect(201);
        (await own.Admin.PostAsync($"{Flow}/flowschemas", """{"metadata":{"name":"narrow"},"spec":{"matchingPrecedence":2,"priorityLevelConfiguration":{"name":"narrow"},"rules":[{"subjects":[{"kind":"User","user":{"name":"jane"}}],"resourceRules":[{"verbs":["create"],"apiGroups":[""],"resources":["configmaps"],"namespaces":["*"]}]}]}}""")).Expect(201);
        (await own.Admin.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """{"metadata":{"name":"jane"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"kind":"User","name":"jane"}]}""")).Expect(201);
        var jane = own.ClientOf("jane");
        var (reached, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        await HoldAsync(own, reached, release);
        var held = jane.PostAsync(Maps, """{"metadata":{"name":"a"}}""");
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        var others = Enumerable.Range(0, 5).Select(i => jane.PostAsync(Maps, $$$"""{"metadata":{"name":"b{{{i}}}"}}""")).ToList();
        var refused = await await Task.WhenAny(others);
        // One waits; the others have had their answer before the way is free.
        await foreach (var answered in Task.WhenEach(others).WithCancellation(Cancel))
        {
            if (others.Count(other => other.IsCompleted) == others.Count - 1)
            {
                break;
            }
        }

        Assert.Equal((429, "Too many requests, please try again later.\n"), (refused.Code, refused.Text));
        Assert.Equal(1, refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        Assert.NotEmpty(refused.Headers.GetValues("X-Kubernetes-PF-FlowSchema-UID"));
        (await own.Admin.GetAsync(Maps)).Expect(200);
        release.SetResult();
        (await held).Expect(201);
        Assert.Equal([201, 429, 429, 429, 429], (await Task.WhenAll(others)).Select(reply => reply.Code).Order());
    }

    /// <summary>Writes of config maps wait for the test, in a webhook.</summary>
    private async Task HoldAsync(OwnServer own, TaskCompletionSource reached, TaskCompletionSource release)
    {
        var path = webhooks.On(async _ =>
        {
            reached.TrySetResult();
            await release.Task;
            return WebhookServer.Allow();
        });
        var hook = webhooks.Hook("hold.example.com", path, "default", WebhookScene.ConfigMaps, """{"timeoutSeconds":30}""");
        (await own.Admin.PostAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "hold" }, ["webhooks"] = new JsonArray(hook) })).Expect(201);
    }
}
