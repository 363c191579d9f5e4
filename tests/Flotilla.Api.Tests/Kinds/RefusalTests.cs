namespace Flotilla.Api.Tests.Kinds;

/// <summary>The sentences clients of Kubernetes know, for the mistakes they make most.</summary>
public sealed class RefusalTests
{
    private const string Template = "\"template\":{\"metadata\":{\"labels\":{\"app\":\"a\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"nginx\"}]}}";
    private const string Selector = "\"selector\":{\"matchLabels\":{\"app\":\"a\"}}";

    public static TheoryData<string, string, string> Cases => new()
    {
        { "deployments", "{" + Template + "}", "spec.selector: Required value|spec.template.metadata.labels: Invalid value: {\"app\":\"a\"}: `selector` does not match template `labels`" },
        { "deployments", "{\"replicas\":-1," + Selector + "," + Template + "}", "spec.replicas: Invalid value: -1: must be greater than or equal to 0" },
        { "deployments", "{" + Selector + ""","strategy":{"type":"Recreate","rollingUpdate":{"maxSurge":1}},""" + Template + "}", "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'" },
        { "deployments", "{" + Selector + ""","strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":0}},""" + Template + "}", "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0" },
        { "jobs", "{" + Template + "}", "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"" },
        { "services", """{"ports":[{"port":0}]}""", "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive|spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive" },
        { "services", """{"clusterIP":"300.1.1.1","ports":[{"port":80}]}""", "spec.clusterIPs[0]: Invalid value: \"300.1.1.1\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)" },
        { "persistentvolumeclaims", "{}", "spec.accessModes: Required value: at least 1 access mode is required|spec.resources[storage]: Required value" },
        { "resourcequotas", """{"hard":{"pods":"-1"}}""", "spec.hard[pods]: Invalid value: \"-1\": must be greater than or equal to 0" },
        { "ingresses", """{"rules":[{"http":{"paths":[{"path":"x","backend":{"service":{"name":""}}}]}}]}""", "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified" },
        { "poddisruptionbudgets", """{"maxUnavailable":"x"}""", "spec.maxUnavailable: Invalid value: \"x\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Says_what_is_wrong(string plural, string spec, string errors) =>
        Assert.Equal(errors.Split('|'), Given.Errors(plural, $$"""{"metadata":{"name":"x"},"spec":{{spec}}}"""));

    [Fact]
    public void Cron_schedules_are_read() => Assert.Equal(
        ["spec.schedule: Invalid value: \"* * *\": expected exactly 5 fields, found 3: [* * *]", "spec.timeZone: Invalid value: \"Nope/No\": unknown time zone Nope/No"],
        Given.Errors("cronjobs", """{"metadata":{"name":"x"},"spec":{"schedule":"* * *","timeZone":"Nope/No","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}}"""));

    [Fact]
    public void Metadata_is_checked_first() => Assert.StartsWith(
        "metadata.labels: Invalid value: \"a b\": name part must consist of",
        Given.Errors("pods", """{"metadata":{"name":"x","labels":{"a b":"-"}},"spec":{}}""")[0], StringComparison.Ordinal);
}
