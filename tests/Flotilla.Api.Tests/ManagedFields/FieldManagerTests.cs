using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.ManagedFields;

namespace Flotilla.Api.Tests.ManagedFields;

public sealed class FieldManagerTests
{
    private const string Head = "\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}";

    [Fact]
    public void A_create_owns_what_its_author_wrote()
    {
        var item = Given.Json("{" + Head + ""","data":{"a":"1"}}""");

        FieldManager.TrackUpdate(null, item, CoreKinds.ConfigMap.Schema, Given.Writer("one"), null);

        Given.Same("""[{"manager":"one","operation":"Update","apiVersion":"v1","time":"2026-03-04T12:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:data":{".":{},"f:a":{}}}}]""", item["metadata"]!["managedFields"]);
    }

    [Fact]
    public void An_update_takes_from_others_what_it_changes_and_leaves_the_rest_of_their_ownership_as_it_is()
    {
        var live = Given.Json("{" + Head + ""","data":{"a":"1","b":"1"}}""");
        FieldManager.TrackUpdate(null, live, CoreKinds.ConfigMap.Schema, Given.Writer("one"), null);
        var labelled = live.Copy();
        labelled["metadata"]!["labels"] = new JsonObject { ["x"] = "y" };
        FieldManager.TrackUpdate(live, labelled, CoreKinds.ConfigMap.Schema, Given.Writer("two"), null);
        var changed = labelled.Copy();
        changed["data"]!["b"] = "2";
        FieldManager.TrackUpdate(labelled, changed, CoreKinds.ConfigMap.Schema, Given.Writer("two"), null);

        Given.Same(live["metadata"]!["managedFields"]![0]!.ToJsonString(), labelled["metadata"]!["managedFields"]![0]);
        Given.Same("""{"f:data":{".":{},"f:a":{}}}""", changed["metadata"]!["managedFields"]![0]!["fieldsV1"]);
        Given.Same("""{"f:data":{"f:b":{}},"f:metadata":{"f:labels":{".":{},"f:x":{}}}}""", changed["metadata"]!["managedFields"]![1]!["fieldsV1"]);
    }

    [Fact]
    public void Ownership_that_a_client_wrote_is_stored_in_the_one_spelling_there_is()
    {
        var live = Given.Json("{" + Head + ""","spec":{"ports":[{"port":80,"protocol":"TCP"}]}}""");
        var updated = Given.Json("{" + """
            "metadata":{"name":"m","managedFields":[{"manager":"one","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1",
            "fieldsV1":{"f:spec":{"f:ports":{"k:{\"protocol\":\"TCP\",\"port\":80}":{"f:port":{}}}}}}]},
            "spec":{"ports":[{"port":80,"protocol":"TCP"}]}}
            """);

        FieldManager.TrackUpdate(live, updated, CoreKinds.Service.Schema, Given.Writer("two"), null);

        var ports = updated["metadata"]!["managedFields"]![0]!["fieldsV1"]!["f:spec"]!["f:ports"]!.AsObject();
        Assert.Equal("""k:{"port":80,"protocol":"TCP"}""", Assert.Single(ports).Key);
    }

    [Fact]
    public void Applying_what_another_manager_owns_conflicts()
    {
        var (live, none) = Apply(null, """{"a":"1","b":"1"}""", "one", force: false);
        var (_, conflicts) = Apply(live, """{"b":"2"}""", "two", force: false);

        Assert.Empty(none);
        var conflict = Assert.Single(conflicts);
        Assert.Equal("one", conflict.Manager);
        Assert.Equal([".data.b"], conflict.Paths.Select(path => FieldManager.Describe(path)));
    }

    [Fact]
    public void Force_takes_ownership_and_applying_less_removes_what_nobody_else_owns()
    {
        var (live, _) = Apply(null, """{"a":"1","b":"1"}""", "one", force: false);
        (live, _) = Apply(live, """{"b":"2","c":"2"}""", "two", force: true);
        (live, _) = Apply(live, """{"x":"9"}""", "one", force: false);

        Given.Same("""{"b":"2","c":"2","x":"9"}""", live["data"]);
    }

    [Fact]
    public void Letting_a_map_go_keeps_what_others_own_in_it()
    {
        var (live, _) = Apply(null, """{"a":"1"}""", "one", force: false);
        (live, _) = Apply(live, """{"a":"1"}""", "two", force: false);
        live["metadata"]!["managedFields"]![0]!["fieldsV1"]!["f:data"]!["."] = new JsonObject();

        var (merged, _) = FieldManager.Apply(live, Given.Json("{" + Head + "}"), CoreKinds.ConfigMap.Schema, Given.Writer("one"), force: false, null);

        Given.Same("""{"a":"1"}""", merged["data"]);
    }

    [Theory]
    [InlineData("""[{"manager":"b","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{}}]""", null, "b")]
    [InlineData("""[{"manager":"b","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{}}]""", "status", "a")]
    [InlineData("""[{"manager":"b","operation":"Create","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{}}]""", null, "a")]
    [InlineData("[]", null, "a")]
    [InlineData("null", null, "a")]
    [InlineData("[{}]", null, "")]
    public void An_update_starts_from_the_ownership_its_client_wrote_if_it_is_whole(string written, string? subresource, string expected)
    {
        var before = Given.Json("""{"managedFields":[{"manager":"a","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{}}]}""");
        var metadata = Given.Json($$"""{"managedFields":{{written}}}""");

        FieldManager.Inherit(metadata, before, subresource);

        Assert.Equal(expected, string.Concat(metadata["managedFields"]!.AsArray().Select(entry => (string?)entry!["manager"])));
    }

    private static (JsonObject Live, IReadOnlyList<FieldConflict> Conflicts) Apply(JsonObject? live, string data, string manager, bool force) =>
        FieldManager.Apply(live, Given.Json($"{{{Head}, \"data\": {data}}}"), CoreKinds.ConfigMap.Schema, Given.Writer(manager), force, null);
}
