using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.PodSecurity;

public sealed class PodSecurityTests(ApiHost host)
{
    private const string Good = """{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"} },"containers":[{"name":"c","image":"i","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]} } }]}""";
    private const string Plain = """{"containers":[{"name":"c","image":"i"}]}""";

    private const string PlainProblems =
        "allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), " +
        "runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")";

    [Fact]
    public async Task Restricted_refuses_in_upstreams_words()
    {
        var space = await LabelledAsync("enforce=restricted");
        (await CreateAsync(space, Good)).Expect(201);
        Assert.Equal($"pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": {PlainProblems}", (await CreateAsync(space, Plain)).Expect(403).Message);
    }

    [Theory]
    [InlineData("""{"hostNetwork":true,"hostPID":true,"containers":[{"name":"c","image":"i"}]}""", "host namespaces (hostNetwork=true, hostPID=true)")]
    [InlineData("""{"containers":[{"name":"a","image":"i","securityContext":{"privileged":true} },{"name":"b","image":"i","securityContext":{"privileged":true} }]}""", "privileged (containers \"a\", \"b\" must not set securityContext.privileged=true)")]
    [InlineData("""{"volumes":[{"name":"v","hostPath":{"path":"/"} }],"containers":[{"name":"c","image":"i"}]}""", "hostPath volumes (volume \"v\")")]
    [InlineData("""{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80,"hostPort":80},{"containerPort":81,"hostPort":81}]}]}""", "hostPort (container \"c\" uses hostPorts 80, 81)")]
    [InlineData("""{"containers":[{"name":"c","image":"i","securityContext":{"capabilities":{"add":["SYS_ADMIN","NET_RAW"]} } }]}""", "non-default capabilities (container \"c\" must not include \"NET_RAW\", \"SYS_ADMIN\" in securityContext.capabilities.add)")]
    [InlineData("""{"securityContext":{"seccompProfile":{"type":"Unconfined"} },"containers":[{"name":"c","image":"i"}]}""", "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")")]
    [InlineData("""{"securityContext":{"sysctls":[{"name":"kernel.msgmax","value":"1"}]},"containers":[{"name":"c","image":"i"}]}""", "forbidden sysctls (kernel.msgmax)")]
    [InlineData("""{"securityContext":{"seLinuxOptions":{"type":"spc_t","user":"u"} },"containers":[{"name":"c","image":"i"}]}""", "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"spc_t\"; user may not be set)")]
    [InlineData("""{"containers":[{"name":"c","image":"i","livenessProbe":{"httpGet":{"host":"1.2.3.4","port":80} } }]}""", "probe or lifecycle host (container \"c\" uses probe or lifecycle host \"1.2.3.4\")")]
    [InlineData("""{"securityContext":{"appArmorProfile":{"type":"Unconfined"} },"containers":[{"name":"c","image":"i"}]}""", "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\")")]
    public async Task Baseline_closes_the_known_ways_out(string spec, string problem)
    {
        var space = await LabelledAsync("enforce=baseline", "enforce-version=v1.36");
        Assert.Equal($"pods \"p\" is forbidden: violates PodSecurity \"baseline:v1.36\": {problem}", (await CreateAsync(space, spec)).Expect(403).Message);
    }

    [Theory]
    [InlineData("""{"volumes":[{"name":"v","hostPath":{"path":"/"} }],SECURE}""", "restricted volume types (volume \"v\" uses restricted volume type \"hostPath\")")]
    [InlineData("""{"hostUsers":true,SECURE}""", null)]
    public async Task Restricted_tells_what_covers_a_baseline_check_once(string spec, string? problem)
    {
        var space = await LabelledAsync("enforce=restricted");
        var reply = await CreateAsync(space, spec.Replace("SECURE", Good[1..^1], StringComparison.Ordinal));
        Assert.Equal(problem is null ? "" : $"pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": {problem}", reply.Code == 201 ? "" : reply.Message);
    }

    [Fact]
    public async Task A_version_asks_only_what_that_release_asked()
    {
        var space = await LabelledAsync("enforce=restricted", "enforce-version=v1.18");
        Assert.Equal(
            "pods \"p\" is forbidden: violates PodSecurity \"restricted:v1.18\": allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true)",
            (await CreateAsync(space, Plain)).Expect(403).Message);
    }

    [Fact]
    public async Task Whom_the_configuration_exempts_may_run_anything()
    {
        var space = await LabelledAsync("enforce=restricted");
        (await host.Admin.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"exempt-space","labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}""")).Expect(201);
        (await CreateAsync("exempt-space", Plain)).Expect(201);
        (await host.Admin.PostAsync("/apis/node.k8s.io/v1/runtimeclasses", """{"metadata":{"name":"exempt-class"},"handler":"runc"}""")).Expect(201);
        (await CreateAsync(space, Plain)).Expect(403);
        (await CreateAsync(space, Plain.Replace("{\"containers\"", "{\"runtimeClassName\":\"exempt-class\",\"containers\"", StringComparison.Ordinal))).Expect(201);
        var user = host.ClientOf("exempt-user", "system:masters");
        (await user.PostAsync($"/api/v1/namespaces/{space}/pods", $$"""{"metadata":{"name":"u"},"spec":{{Plain}}}""")).Expect(201);
    }

    [Fact]
    public async Task Warns_and_lets_through()
    {
        var space = await LabelledAsync("warn=restricted");
        var reply = (await CreateAsync(space, Plain)).Expect(201);
        Assert.Equal([$"299 - \"would violate PodSecurity \\\"restricted:latest\\\": {PlainProblems.Replace("\"", "\\\"", StringComparison.Ordinal)}\""], reply.Warnings);
    }

    [Fact]
    public async Task Warns_about_templates_that_make_refused_pods()
    {
        var space = await LabelledAsync("enforce=baseline");
        var body = """{"metadata":{"name":"d"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"} },"template":{"metadata":{"labels":{"a":"b"} },"spec":{"hostNetwork":true,"containers":[{"name":"c","image":"i"}]} } } }""";
        var reply = (await host.Admin.PostAsync($"/apis/apps/v1/namespaces/{space}/deployments", body)).Expect(201);
        Assert.Equal(["299 - \"would violate PodSecurity \\\"baseline:latest\\\": host namespaces (hostNetwork=true)\""], reply.Warnings);
    }

    [Fact]
    public async Task A_stricter_namespace_warns_about_the_pods_it_has()
    {
        var space = await host.SpaceAsync("psa");
        (await CreateAsync(space, """{"hostNetwork":true,"containers":[{"name":"c","image":"i"}]}""", "a")).Expect(201);
        (await CreateAsync(space, """{"hostNetwork":true,"containers":[{"name":"c","image":"i"}]}""", "b")).Expect(201);
        var reply = (await host.Admin.PatchAsync($"/api/v1/namespaces/{space}", """{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}""")).Expect(200);
        Assert.Equal(
            [$"299 - \"existing pods in namespace \\\"{space}\\\" violate the new PodSecurity enforce level \\\"baseline:latest\\\"\"", "299 - \"a (and 1 other pod): host namespaces\""], reply.Warnings);
    }

    [Fact]
    public async Task Wrong_labels_are_refused_on_the_namespace()
    {
        var reply = await host.Admin.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"psa-wrong","labels":{"pod-security.kubernetes.io/enforce":"strict","pod-security.kubernetes.io/warn-version":"1"}}}""");
        Assert.Equal(
            "Namespace \"psa-wrong\" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"1\": must be \"latest\" or \"v1.x\"]",
            reply.Expect(422).Message);
    }

    private async Task<string> LabelledAsync(params string[] labels)
    {
        var space = await host.SpaceAsync("psa");
        foreach (var label in labels.Select(label => label.Split('=')))
        {
            (await host.Admin.PatchAsync($"/api/v1/namespaces/{space}", $$$"""{"metadata":{"labels":{"pod-security.kubernetes.io/{{{label[0]}}}":"{{{label[1]}}}"} } }""")).Expect(200);
        }

        return space;
    }

    private Task<Reply> CreateAsync(string space, string spec, string name = "p") => host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", $$"""{"metadata":{"name":"{{name}}"},"spec":{{spec}} }""");
}
