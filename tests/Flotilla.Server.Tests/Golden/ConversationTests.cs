using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Golden;

/// <summary>A recorded conversation with Kubernetes v1.36.2, played against this API server: every answer must be the same.</summary>
public sealed class ConversationTests
{
    private const int MaxReads = 50;
    private static readonly TimeSpan BetweenReads = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task Answers_as_Kubernetes_does()
    {
        // A cluster of its own: other tests' nodes would show in the scheduler's words.
        await using var host = new ApiHost();
        await host.InitializeAsync();
        var admin = host.Client(host.Identity.IssueClientCertificate("admin", ["system:masters"], TimeSpan.FromHours(1)));
        var problems = new List<string>();
        var number = 0;
        foreach (var exchange in Exchanges())
        {
            problems.AddRange((await PlayAsync(admin, exchange)).Select(problem => $"{number} {exchange["send"]}{problem}"));
            number++;
        }

        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    private static IEnumerable<JsonObject> Exchanges()
    {
        using var stream = typeof(ConversationTests).Assembly.GetManifestResourceStream("Flotilla.Server.Tests.Golden.conversation.jsonl")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            yield return (JsonObject)JsonNode.Parse(line)!;
        }
    }

    /// <summary>Reads are repeated for a moment: what they show may be the work of controllers, who take their own time.</summary>
    private static async Task<IEnumerable<string>> PlayAsync(ApiCaller client, JsonObject exchange)
    {
        var isRead = ((string)exchange["send"]!).StartsWith("GET ", StringComparison.Ordinal);
        var problems = await PlayOnceAsync(client, exchange);
        for (var attempt = 0; isRead && problems.Count > 0 && attempt < MaxReads; attempt++)
        {
            await Task.Delay(BetweenReads, TestContext.Current.CancellationToken);
            problems = await PlayOnceAsync(client, exchange);
        }

        return problems;
    }

    private static async Task<List<string>> PlayOnceAsync(ApiCaller client, JsonObject exchange)
    {
        var sent = ((string)exchange["send"]!).Split(' ', 2);
        var body = exchange["body"];
        var text = body is null ? null : body.GetValueKind() == System.Text.Json.JsonValueKind.String ? (string)body! : body.ToJsonString();
        var reply = await client.SendAsync(new HttpMethod(sent[0]), sent[1], text, (string?)exchange["type"] ?? "", (string?)exchange["accept"] ?? ApiCaller.Json);
        if ((int?)exchange["pause"] is { } seconds)
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);
        }

        if ((int?)exchange["code"] is not { } code)
        {
            return [];
        }

        var wanted = new JsonObject { ["code"] = code, ["warnings"] = exchange["warnings"]?.DeepClone(), ["answer"] = Mask.Of(exchange["answer"]) };
        var got = new JsonObject { ["code"] = reply.Code, ["warnings"] = Warnings(reply), ["answer"] = Mask.Of(Parse(reply.Text)) };
        return [.. Mask.Differences(wanted, got)];
    }

    private static JsonArray? Warnings(Reply reply) => reply.Warnings.Count == 0 ? null : new JsonArray([.. reply.Warnings.Select(warning => JsonValue.Create(warning))]);

    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
