using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Fairness;

/// <summary>A PriorityLevelConfiguration, compiled.</summary>
/// <param name="Queues">0: what finds no seat is rejected.</param>
/// <param name="BorrowingPercent">How far beyond its own seats the level may go; null: as far as others lend.</param>
internal sealed record LevelModel(string Name, string Uid, bool IsExempt, long Shares, long LendablePercent, long? BorrowingPercent, int Queues, int HandSize, int QueueLength)
{
    public static LevelModel FromJson(JsonObject level)
    {
        var (metadata, spec) = (level.Object("metadata"), level.Object("spec"));
        var exempt = spec.String("type") == "Exempt";
        var limits = exempt ? spec.Object("exempt") : spec.Object("limited");
        var queuing = limits.Object("limitResponse").Object("queuing");
        return new LevelModel(
            metadata.String("name") ?? "",
            metadata.String("uid") ?? "",
            exempt,
            limits.Integer("nominalConcurrencyShares") ?? (exempt ? 0 : 30),
            limits.Integer("lendablePercent") ?? 0,
            limits.Integer("borrowingLimitPercent"),
            limits.Object("limitResponse").String("type") == "Queue" ? (int)(queuing.Integer("queues") ?? 64) : 0,
            (int)(queuing.Integer("handSize") ?? 8),
            (int)(queuing.Integer("queueLengthLimit") ?? 50));
    }
}
