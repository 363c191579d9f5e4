using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Policies;

/// <summary>A namespace and the policies made for it, which go again with the test.</summary>
internal sealed class PolicyScene(ApiHost host, string space) : IAsyncDisposable
{
    private const string Group = "/apis/admissionregistration.k8s.io/v1";
    public const string ConfigMaps = """[{"operations":["CREATE","UPDATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]""";
    public const string Deployments = """[{"operations":["CREATE","UPDATE"],"apiGroups":["apps"],"apiVersions":["v1"],"resources":["deployments"]}]""";
    private readonly List<string> made = [];

    public string Space => space;

    public string Name => space;

    public ApiCaller Api => host.Admin;

    public static async Task<PolicyScene> CreateAsync(ApiHost host)
    {
        var space = await host.SpaceAsync("policy");
        await host.Admin.EventuallyAsync($"/api/v1/namespaces/{space}/configmaps/kube-root-ca.crt", reply => reply.Code == 200);
        return new PolicyScene(host, space);
    }

    /// <summary>A validating policy with one binding, both named like the namespace.</summary>
    public Task ValidateAsync(string spec, string binding = "\"validationActions\":[\"Deny\"]", string rules = ConfigMaps) => AddAsync("validating", spec, binding, rules);

    public Task MutateAsync(string spec, string binding = "", string rules = ConfigMaps) => AddAsync("mutating", "\"reinvocationPolicy\":\"Never\"," + spec, binding, rules);

    public Task<Reply> TryPolicyAsync(string sort, string spec, string rules = ConfigMaps) =>
        Api.PostAsync($"{Group}/{sort}admissionpolicies", $$"""{"metadata":{"name":"{{space}}"},"spec":{"matchConstraints":{"resourceRules":{{rules}},{{Here}} },{{spec}} } }""");

    public Task<Reply> CreateConfigMapAsync(string name, string data = "{}", string query = "") =>
        Api.PostAsync($"/api/v1/namespaces/{space}/configmaps{query}", $$"""{"metadata":{"name":"{{name}}"},"data":{{data}} }""");

    public Task<Reply> CreateDeploymentAsync(string name, int replicas) => Api.PostAsync(
        $"/apis/apps/v1/namespaces/{space}/deployments",
        $$"""{"metadata":{"name":"{{name}}"},"spec":{"replicas":{{replicas}},"selector":{"matchLabels":{"a":"b"} },"template":{"metadata":{"labels":{"a":"b"} },"spec":{"nodeSelector":{"none":"such"},"containers":[{"name":"c","image":"i"}]} } } }""");

    public async ValueTask DisposeAsync()
    {
        foreach (var path in made)
        {
            await Api.DeleteAsync(path);
        }
    }

    private string Here => $$"""
        "namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{space}}"} }
        """;

    private async Task AddAsync(string sort, string spec, string binding, string rules)
    {
        (await TryPolicyAsync(sort, spec, rules)).Expect(201);
        made.Add($"{Group}/{sort}admissionpolicies/{space}");
        var comma = binding.Length > 0 ? "," : "";
        (await Api.PostAsync($"{Group}/{sort}admissionpolicybindings", $$"""{"metadata":{"name":"{{space}}-binding"},"spec":{"policyName":"{{space}}"{{comma}}{{binding}} } }""")).Expect(201);
        made.Add($"{Group}/{sort}admissionpolicybindings/{space}-binding");
    }
}
