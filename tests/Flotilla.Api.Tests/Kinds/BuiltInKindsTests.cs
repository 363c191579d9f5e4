using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Api.Tests.Kinds;

public sealed class BuiltInKindsTests
{
    [Fact]
    public void Every_kind_has_a_schema() => Assert.All(KindRegistry.BuiltIn.All, kind => Assert.NotEmpty(kind.Schema.Fields));

    [Fact]
    public void Every_listable_kind_has_columns() => Assert.All(KindRegistry.BuiltIn.All.Where(kind => kind.Verbs.Contains("list")), kind => Assert.NotEmpty(kind.Columns));

    [Fact]
    public void Services_keep_what_was_allocated()
    {
        var old = Given.Created(CoreKinds.Service, """{"metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}],"clusterIP":"10.0.0.9"}}""");
        var update = Given.Created(CoreKinds.Service, """{"metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[{"port":80}]}}""");

        CoreKinds.Service.PrepareUpdate!(update, old);

        Assert.Equal("10.0.0.9", update["spec"].String("clusterIP"));
        Assert.Equal(30080, update["spec"].Objects("ports").Single().Integer("nodePort"));
    }

    [Fact]
    public void Events_have_two_forms()
    {
        var item = Given.Json("""{"regarding":{"kind":"Pod","name":"p"},"note":"n","reportingController":"x"}""");

        EventsKinds.Event.ToStored!(item);
        Given.Same("""{"involvedObject":{"kind":"Pod","name":"p"},"message":"n","reportingComponent":"x"}""", item);
        EventsKinds.Event.FromStored!(item);
        Given.Same("""{"regarding":{"kind":"Pod","name":"p"},"note":"n","reportingController":"x"}""", item);
    }

    [Fact]
    public void The_first_autoscaler_version_loses_nothing()
    {
        var stored = Given.Created(AutoscalingKinds.V2, """
            {"metadata":{"name":"h"},"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"d"},"metrics":[
              {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}},
              {"type":"Resource","resource":{"name":"memory","target":{"type":"Utilization","averageUtilization":50}}}]}}
            """);
        var first = stored.Copy();

        AutoscalingKinds.V1.FromStored!(first);
        Assert.Equal(80, first["spec"].Integer("targetCPUUtilizationPercentage"));
        AutoscalingKinds.V1.ToStored!(first);

        Given.Same(stored["spec"]!["metrics"]!.ToJsonString(), first["spec"]!["metrics"]);
    }

    [Fact]
    public void Replication_controllers_select_their_templates_labels()
    {
        var item = Given.Created(CoreKinds.ReplicationController, """{"metadata":{"name":"r"},"spec":{"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""");

        Given.Same("""{"a":"b"}""", item["spec"]!["selector"]);
        Given.Same("""{"a":"b"}""", item["metadata"]!["labels"]);
    }
}
