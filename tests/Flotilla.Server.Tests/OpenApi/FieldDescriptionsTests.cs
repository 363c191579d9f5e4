using Flotilla.Api.Schema;
using Flotilla.Server.OpenApi;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.OpenApi;

public sealed class FieldDescriptionsTests(ApiHost host)
{
    [Fact]
    public void Only_types_and_fields_that_exist_are_described() => Assert.All(FieldDescriptions.Described, described => Assert.Contains(
        SchemaTable.BuiltIn.Types, type => type.Name == described.Type && (described.Field.Length == 0 || type.Fields.ContainsKey(described.Field))));

    [Theory]
    [InlineData("core.v1.Pod")]
    [InlineData("core.v1.PodSpec")]
    [InlineData("core.v1.Container")]
    [InlineData("apps.v1.Deployment")]
    [InlineData("apps.v1.DeploymentSpec")]
    [InlineData("core.v1.ServiceSpec")]
    [InlineData("core.v1.ConfigMap")]
    [InlineData("core.v1.Secret")]
    [InlineData("networking.v1.IngressSpec")]
    [InlineData("core.v1.PersistentVolumeClaimSpec")]
    [InlineData("batch.v1.JobSpec")]
    [InlineData("batch.v1.CronJobSpec")]
    [InlineData("apps.v1.StatefulSetSpec")]
    [InlineData("autoscaling.v2.HorizontalPodAutoscalerSpec")]
    [InlineData("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")]
    public void Every_field_of_what_users_write_is_described(string name)
    {
        var type = SchemaTable.BuiltIn.Types.Single(type => type.Name == name);
        var alpha = new HashSet<string> { "hostnameOverride", "schedulingGroup", "restartPolicyRules" };
        Assert.DoesNotContain(type.Fields.Keys, field => !alpha.Contains(field) && FieldDescriptions.OfField(name, field, type.Kinds.Count > 0) is null);
    }

    [Fact]
    public async Task Both_versions_of_the_description_tell_them()
    {
        var second = (await host.Admin.GetAsync("/openapi/v2")).Body["definitions"]!["io.k8s.api.core.v1.Pod"]!;
        Assert.StartsWith("A pod is a group of containers", (string?)second["description"], StringComparison.Ordinal);
        Assert.Equal("What the pod should be; most of it never changes once the pod exists.", (string?)second["properties"]!["spec"]!["description"]);
        var third = (await host.Admin.GetAsync("/openapi/v3/apis/apps/v1")).Body["components"]!["schemas"]!["io.k8s.api.apps.v1.DeploymentSpec"]!;
        Assert.Equal("How many pods are wanted. Defaults to 1.", (string?)third["properties"]!["replicas"]!["description"]);
        Assert.NotNull(third["properties"]!["template"]!["description"]);
    }
}
