using System.Text.Json.Nodes;

namespace Flotilla.Conformance.Apps.Scenes;

/// <summary>
/// What a real cluster of the same version showed in some sixty situations, as recorded 100 s after the start: status,
/// endpoints, events and the printed line. A status that comes and goes counts when it has been seen once; its line may be that of the
/// state which follows.
/// </summary>
public sealed class SceneTests(SceneRun run) : IClassFixture<SceneRun>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(150);

    public static TheoryData<string> Objects => new(
        SceneRun.All.Where(scene => scene["status"] is not null || scene["endpoints"] is not null || scene["events"] is not null).Select(scene => (string)scene["object"]!));

    [Theory]
    [MemberData(nameof(Objects))]
    public async Task Looks_as_recorded(string name)
    {
        var wanted = SceneRun.All.First(scene => (string)scene["object"]! == name);
        while (true)
        {
            var found = await run.LookAsync(name);
            var earlier = found.SelectMany(shown => run.StatusesOf(name).Select(status => With(shown, status)));
            var differences = found.Concat(earlier).Select(shown => Differences(wanted, shown)).MinBy(list => list.Count) ?? [$"there is no {name}"];
            if (differences.Count == 0)
            {
                return;
            }

            Assert.True(DateTime.UtcNow - run.Started < Limit, string.Join('\n', differences));
            await Task.Delay(1000);
        }
    }

    private static JsonObject With(JsonObject shown, JsonNode status)
    {
        var other = shown.DeepClone().AsObject();
        other["status"] = status.DeepClone();
        return other;
    }

    private static List<string> Differences(JsonObject wanted, JsonObject shown)
    {
        var differences = new List<string>();
        foreach (var part in (string[])["status", "endpoints", "ports"])
        {
            Compare(wanted[part], shown[part], part, differences);
        }

        var events = Texts(wanted["events"]);
        differences.AddRange(events.Except(Texts(shown["events"])).Select(text => $"no event: {text}"));
        differences.AddRange(Texts(shown["events"]).Except(events).Select(text => $"unexpected event: {text}"));
        if (wanted["lines"] is not null && !Texts(shown["lines"]).Intersect(Texts(wanted["lines"])).Any())
        {
            differences.Add($"printed as {shown["lines"]}, not {wanted["lines"]}");
        }

        return differences;
    }

    private static void Compare(JsonNode? wanted, JsonNode? shown, string path, List<string> differences)
    {
        if (wanted is JsonObject map && shown is JsonObject other)
        {
            foreach (var key in map.Select(pair => pair.Key).Union(other.Select(pair => pair.Key)))
            {
                Compare(map[key], other[key], $"{path}.{key}", differences);
            }
        }
        else if (wanted is JsonArray list && shown is JsonArray others && list.Count == others.Count)
        {
            for (var index = 0; index < list.Count; index++)
            {
                Compare(list[index], others[index], $"{path}[{index}]", differences);
            }
        }
        else if (!JsonNode.DeepEquals(wanted, shown))
        {
            differences.Add($"{path}: {shown?.ToJsonString() ?? "nothing"}, not {wanted?.ToJsonString() ?? "nothing"}");
        }
    }

    private static IEnumerable<string> Texts(JsonNode? list) => list?.AsArray().Select(item => (string)item!) ?? [];
}
