using Flotilla.Conformance.Live;
using Flotilla.Conformance.Storage;
using static Flotilla.Conformance.Apps.WorkloadSpace;

namespace Flotilla.Conformance.Apps;

/// <summary>Workloads as resources of the API: made, found, changed and removed, one by one and together.</summary>
public sealed class WorkloadApiTests(LiveCluster cluster)
{
    private const string Object = """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":SPEC}""";
    private const string Template = """{"metadata":{"labels":{"app":"NAME"}},"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"main","image":"my-image","imagePullPolicy":"Never"}]}}""";
    private const string OnceTemplate = """{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"my-image","imagePullPolicy":"Never"}]}}""";

    [Theory]
    [InlineData("apis/apps/v1", "deployments", """{"replicas":1,"selector":{"matchLabels":{"app":"NAME"}},"template":TEMPLATE}""")]
    [InlineData("apis/apps/v1", "replicasets", """{"replicas":1,"selector":{"matchLabels":{"app":"NAME"}},"template":TEMPLATE}""")]
    [InlineData("apis/apps/v1", "statefulsets", """{"replicas":1,"serviceName":"NAME","selector":{"matchLabels":{"app":"NAME"}},"template":TEMPLATE}""")]
    [InlineData("apis/apps/v1", "daemonsets", """{"selector":{"matchLabels":{"app":"NAME"}},"template":TEMPLATE}""")]
    [InlineData("api/v1", "replicationcontrollers", """{"replicas":1,"selector":{"app":"NAME"},"template":TEMPLATE}""")]
    [InlineData("apis/batch/v1", "jobs", """{"suspend":true,"template":ONCE}""")]
    [InlineData("apis/batch/v1", "cronjobs", """{"schedule":"0 0 1 1 *","jobTemplate":{"spec":{"template":ONCE}}}""")]
    public async Task They_are_created_found_changed_and_deleted_alone_and_together(string version, string resource, string spec)
    {
        await using var space = await Space.CreateAsync(cluster);
        using var http = cluster.Http();
        await new Lifecycle(http, Path(space, version, resource)).RunAsync(Complete(spec), "one");
    }

    [Theory]
    [InlineData("deployments", """{"replicas":1,"selector":{"matchLabels":{"app":"NAME"}},"template":TEMPLATE}""")]
    [InlineData("replicasets", """{"replicas":1,"selector":{"matchLabels":{"app":"NAME"}},"template":TEMPLATE}""")]
    [InlineData("statefulsets", """{"replicas":1,"serviceName":"NAME","selector":{"matchLabels":{"app":"NAME"}},"template":TEMPLATE}""")]
    [InlineData("daemonsets", """{"selector":{"matchLabels":{"app":"NAME"}},"template":TEMPLATE}""")]
    public async Task Conditions_that_others_set_in_a_status_stay_there(string resource, string spec)
    {
        await using var space = await Space.CreateAsync(cluster);
        using var http = cluster.Http();
        var lifecycle = new Lifecycle(http, Path(space, "apis/apps/v1", resource));
        await lifecycle.CreateAsync(Complete(spec).Replace("NAME", "one", StringComparison.Ordinal));
        await space.ReadyAsync("one", 1);
        await space.UntilAsync(() => lifecycle.GetAsync("one", "/status"), found => found["status"]!["observedGeneration"] is not null);
        var condition = """{"type":"StatusPatched","status":"True","reason":"Test","message":"by a test","lastTransitionTime":"TIME"}""";
        var patched = await lifecycle.PatchAsync(
            "one", """{"status":{"conditions":[CONDITION]}}""".Replace("CONDITION", condition.Replace("TIME", Stamp(DateTime.UtcNow), StringComparison.Ordinal), StringComparison.Ordinal), "/status");
        Assert.Contains(patched["status"]!["conditions"]!.AsArray(), one => (string?)one!["type"] == "StatusPatched");
        var fresh = await space.UntilAsync(
            () => lifecycle.GetAsync("one", "/status"), found => found["status"]!["conditions"]?.AsArray().Any(one => (string?)one!["type"] == "StatusPatched") == true);
        fresh["metadata"]!.AsObject().Remove("resourceVersion");
        fresh["status"]!["conditions"]!.AsArray().First(one => (string?)one!["type"] == "StatusPatched")!["message"] = "replaced";
        var replaced = await lifecycle.ReplaceAsync(fresh, "/status");
        Assert.Contains(replaced["status"]!["conditions"]!.AsArray(), one => (string?)one!["message"] == "replaced");
    }

    private static string Complete(string spec) => Object
        .Replace("SPEC", spec, StringComparison.Ordinal)
        .Replace("TEMPLATE", Template, StringComparison.Ordinal)
        .Replace("ONCE", OnceTemplate, StringComparison.Ordinal);

    private static string Path(Space space, string version, string resource) => $"/{version}/namespaces/{space.Name}/{resource}";
}
