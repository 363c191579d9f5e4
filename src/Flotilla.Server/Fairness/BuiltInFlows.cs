using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Bootstrap;

namespace Flotilla.Server.Fairness;

/// <summary>Makes the built-in levels and schemas. Those nobody took over (annotation <c>autoupdate-spec</c>) follow the table.</summary>
internal sealed class BuiltInFlows(BuiltInObjects objects)
{
    public Task EnsureAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(FlowTable.Read().Select(item => EnsureAsync(item.Kind, item.Value, cancellationToken)));

    /// <summary>What no cluster can do without.</summary>
    public async Task EnsureMandatoryAsync(CancellationToken cancellationToken)
    {
        foreach (var (kind, value) in FlowTable.Read().Where(item => FlowTable.IsMandatory(item.Value.Object("metadata").String("name")!)))
        {
            await EnsureAsync(kind, value, cancellationToken);
        }
    }

    private async Task EnsureAsync(Kind kind, JsonObject wanted, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(null, wanted.Object("metadata").String("name")!);
        if (await objects.FindAsync(kind, key, cancellationToken) is not { } present)
        {
            await objects.EnsureAsync(kind, null, wanted, cancellationToken);
            return;
        }

        var mark = present.Object("metadata").Object("annotations").String(FlowTable.AutoUpdate);
        var ours = mark == "true" || (mark is null && present.Object("metadata").Integer("generation") == 1) || FlowTable.IsMandatory(key.Name);
        if (ours && !present["spec"].SameAs(wanted["spec"]))
        {
            await objects.ChangeAsync(kind, key, current => With(current, wanted), cancellationToken);
        }
    }

    private static JsonObject With(JsonObject current, JsonObject wanted)
    {
        current["spec"] = wanted["spec"]!.DeepClone();
        return current;
    }
}
