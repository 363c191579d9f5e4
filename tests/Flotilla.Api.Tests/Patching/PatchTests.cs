using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Api.Patching;

namespace Flotilla.Api.Tests.Patching;

public sealed class PatchTests
{
    [Fact]
    public void Merge_patch_replaces_values_and_removes_nulls() =>
        Given.Same("""{"a":{"c":3},"d":[4]}""", MergePatch.Apply(Given.Json("""{"a":{"b":1},"d":[1,2]}"""), JsonNode.Parse("""{"a":{"b":null,"c":3},"d":[4]}""")));

    [Fact]
    public void Json_patch_adds_replaces_and_removes() =>
        Given.Same("""{"l":[0,1],"x":2}""", JsonPatch.Apply(Given.Json("""{"l":[1],"x":1,"y":1}"""), JsonNode.Parse("""
            [{"op":"add","path":"/l/0","value":0},{"op":"replace","path":"/x","value":2},{"op":"remove","path":"/y"}]
            """)));

    [Fact]
    public void Json_patch_fails_when_a_test_fails() =>
        Assert.Throws<PatchException>(() => JsonPatch.Apply(Given.Json("""{"a":1}"""), JsonNode.Parse("""[{"op":"test","path":"/a","value":2}]""")));

    [Fact]
    public void Strategic_merge_matches_list_items_by_key()
    {
        var pod = Given.Json("""{"spec":{"containers":[{"name":"c","image":"a"},{"name":"d","image":"b"}]}}""");
        var patch = Given.Json("""{"spec":{"containers":[{"name":"d","$patch":"delete"},{"name":"c","env":[{"name":"A","value":"1"}]}]}}""");

        Given.Same("""{"spec":{"containers":[{"name":"c","image":"a","env":[{"name":"A","value":"1"}]}]}}""", StrategicMerge.Apply(pod, patch, CoreKinds.Pod.Schema));
    }

    [Fact]
    public void Strategic_merge_drops_what_a_changed_strategy_does_not_retain()
    {
        var deployment = Given.Json("""{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}}""");
        var patch = Given.Json("""{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}""");

        Given.Same("""{"spec":{"strategy":{"type":"Recreate"}}}""", StrategicMerge.Apply(deployment, patch, AppsKinds.Deployment.Schema));
    }

    [Theory]
    [InlineData("""[{"name":"n"}]""", "n a b c")]
    [InlineData("""[{"name":"b","image":"x"}]""", "a b c")]
    [InlineData("""[{"name":"c","image":"x"},{"name":"a","image":"x"}]""", "b c a")]
    [InlineData("""[{"name":"b","image":"x"},{"name":"n"}]""", "a b n c")]
    public void Strategic_merge_keeps_the_patchs_order_and_fits_in_what_only_the_server_has(string containers, string order)
    {
        var pod = Given.Json("""{"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}}""");
        var merged = StrategicMerge.Apply(pod, new JsonObject { ["spec"] = new JsonObject { ["containers"] = JsonNode.Parse(containers) } }, CoreKinds.Pod.Schema);
        Assert.Equal(order, string.Join(' ', merged["spec"]!["containers"]!.AsArray().Select(item => (string)item!["name"]!)));
    }

    [Fact]
    public void Strategic_merge_sets_the_order_it_is_told()
    {
        var pod = Given.Json("""{"spec":{"containers":[{"name":"a"},{"name":"s"},{"name":"b"}]}}""");
        var patch = Given.Json("""{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"n"},{"name":"a"}],"containers":[{"name":"n"}]}}""");
        var merged = StrategicMerge.Apply(pod, patch, CoreKinds.Pod.Schema);
        Assert.Equal(["s", "b", "n", "a"], merged["spec"]!["containers"]!.AsArray().Select(item => (string)item!["name"]!));
    }
}
