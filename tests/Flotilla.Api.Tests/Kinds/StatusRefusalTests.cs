using Flotilla.Api.Kinds;

namespace Flotilla.Api.Tests.Kinds;

/// <summary>Status updates that no controller should make, and what upstream says about them.</summary>
public sealed class StatusRefusalTests
{
    private const string True = "\"status\":\"True\"";
    private const string Complete = "{\"type\":\"SuccessCriteriaMet\"," + True + "},{\"type\":\"Complete\"," + True + "}";
    private const string Start = "\"startTime\":\"2026-01-01T00:00:00Z\"";
    private const string End = "\"completionTime\":\"2026-01-01T00:01:00Z\"";

    [Theory]
    [InlineData("deployments", "{}", """{"replicas":-1}""", "status.replicas: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("deployments", "{}", """{"replicas":2,"readyReplicas":3,"availableReplicas":3}""", "status.readyReplicas: Invalid value: 3: cannot be greater than status.replicas|status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas")]
    [InlineData("deployments", """{"collisionCount":2}""", """{"collisionCount":1}""", "status.collisionCount: Invalid value: 1: cannot be decremented")]
    [InlineData("statefulsets", "{}", """{"replicas":2,"readyReplicas":1,"availableReplicas":2}""", "status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas")]
    [InlineData("daemonsets", "{}", """{"numberReady":-1}""", "status.numberReady: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("jobs", "{}", "{" + Start + "," + End + ",\"conditions\":[" + Complete + "]}", "")]
    [InlineData("jobs", "{}", "{" + Start + "," + End + ",\"conditions\":[{\"type\":\"Complete\"," + True + "}]}", "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition")]
    [InlineData("jobs", "{}", "{" + Start + "," + End + "}", "status.completionTime: Invalid value: \"2026-01-01T00:01:00Z\": cannot set completionTime when there is no Complete=True condition")]
    [InlineData("jobs", "{}", "{" + Start + ",\"active\":1," + End + ",\"conditions\":[" + Complete + "]}", "status.active: Invalid value: 1: active>0 is invalid for finished job")]
    [InlineData("jobs", "{}", "{" + Start + ",\"conditions\":[{\"type\":\"Failed\"," + True + "}]}", "status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition")]
    [InlineData("jobs", "{\"conditions\":[{\"type\":\"FailureTarget\"," + True + "}]}", "{}", "status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition")]
    [InlineData("jobs", """{"failed":2,"succeeded":1}""", """{"failed":1}""", "status.failed: Invalid value: 1: cannot decrease the failed counter|status.succeeded: Invalid value: 0: cannot decrease the succeeded counter")]
    [InlineData("jobs", "{" + Start + "}", "{}", "status.startTime: Required value: startTime cannot be removed for unsuspended job")]
    [InlineData("jobs", "{}", """{"ready":2,"active":1}""", "status.ready: Invalid value: 2: cannot set more ready pods than active")]
    [InlineData("jobs", "{}", """{"completedIndexes":"1"}""", "status.completedIndexes: Invalid value: \"1\": error parsing completedIndexes: too large index: \"1\"|status.completedIndexes: Invalid value: \"1\": cannot set non-empty completedIndexes when non-indexed completion mode")]
    [InlineData("jobs", "{}", """{"uncountedTerminatedPods":{"succeeded":["a",""],"failed":["a"]}}""", "status.uncountedTerminatedPods.succeeded[1]: Invalid value: \"\": must not be empty|status.uncountedTerminatedPods.failed[0]: Duplicate value: \"a\"")]
    [InlineData("poddisruptionbudgets", "{}", """{"currentHealthy":-1}""", "status.currentHealthy: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("horizontalpodautoscalers", "{}", """{"desiredReplicas":-1}""", "status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("ingresses", "{}", """{"loadBalancer":{"ingress":[{"hostname":"1.2.3.4"}]}}""", "status.loadBalancer.ingress[0].hostname: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address")]
    [InlineData("services", "{}", """{"loadBalancer":{"ingress":[{"ip":"1.2.3.4","ipMode":"VIP"}]}}""", "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is \"LoadBalancer\"")]
    public void Refuses_a_status_that_cannot_be(string plural, string before, string after, string errors)
    {
        var kind = Given.Kind(plural);
        var (old, now) = (Item(before), Item(after));
        Assert.Equal(errors.Split('|', StringSplitOptions.RemoveEmptyEntries), kind.Parts[Subresource.StatusName].Check(now, old).Select(error => error.ToString()));
    }

    [Theory]
    [InlineData("1,3-5,7", null)]
    [InlineData("1-2-3", "Fragment \"1-2-3\" violates the requirement that an index interval can have at most two parts separated by '-'")]
    [InlineData("x", "cannot convert string to integer for index: \"x\"")]
    [InlineData("3,2", "non-increasing order, previous: 3, current: 2")]
    [InlineData("10", "too large index: \"10\"")]
    public void Reads_sets_of_indexes(string text, string? wrong)
    {
        var job = Given.Json($$"""{"metadata":{"name":"j"},"spec":{"completionMode":"Indexed","completions":10,"successPolicy":{"rules":[{"succeededIndexes":"{{text}}"}]},"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]} } } }""");
        var errors = Given.Errors(BatchKinds.Job, Given.Created(BatchKinds.Job, job.ToJsonString()));
        Assert.Equal(wrong is null ? [] : [$"spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"{text}\": error parsing succeededIndexes: {wrong}"], errors);
    }

    private static System.Text.Json.Nodes.JsonObject Item(string status) => Given.Json($$"""{"spec":{"completions":1,"parallelism":1},"status":{{status}}}""");
}
