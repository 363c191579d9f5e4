using Flotilla.Cel.Syntax;

namespace Flotilla.Cel.Costs;

/// <summary>What calls cost: the widest range over all overloads that may be meant.</summary>
internal sealed partial class CostEstimator
{
    private CostRange OfCall(Call call)
    {
        CostRange[] costs = [.. call.Arguments.Select(Estimate)];
        if (call.Function == "dyn" && call.Target is null)
        {
            CopySizes(call, call.Arguments[0]);
            return CostRange.Exactly(1).Add(costs[0]);
        }
        var target = call.Target is null ? default : Estimate(call.Target);
        SizedNode? sizedTarget = call.Target is null ? null : Sized(call.Target);
        SizedNode[] arguments = [.. call.Arguments.Select(Sized)];
        CostRange? cost = null;
        CostRange? result = null;
        foreach (var overload in call.Overloads)
        {
            var estimate = OfOverload(call, overload.Id, sizedTarget, arguments, costs);
            cost = cost?.Union(estimate.Cost) ?? estimate.Cost;
            result = estimate.Result is { } size ? result?.Union(size) ?? size : result;
            NotePath(call, overload.Id, ref result);
        }
        Note(call, result ?? SizeOf(call));
        return target.Add(cost ?? default);
    }

    private void NotePath(Call call, string overload, ref CostRange? result)
    {
        if (overload is not ("index_list" or "index_map"))
        {
            return;
        }
        result = EntriesOf(call.Arguments[0])?.Value;
        paths[call] = [.. PathOf(call.Arguments[0]), overload == "index_list" ? "@items" : "@values"];
    }

    private CallEstimate OfOverload(Call call, string overload, SizedNode? target, SizedNode[] arguments, CostRange[] costs)
    {
        var spent = costs.Aggregate(default(CostRange), (sum, cost) => sum.Add(cost));
        switch (overload)
        {
            case "logical_or" or "logical_and":
                return new CallEstimate(new CostRange(costs[0].Min, costs[0].Add(costs[1]).Max));
            case "conditional":
                NoteEntries(call, EntrySizes.Union(EntriesOf(call.Arguments[1]), EntriesOf(call.Arguments[2])));
                return new CallEstimate(
                    costs[0].Add(costs[1].Union(costs[2])), arguments[1].SizeOrUnknown.Union(arguments[2].SizeOrUnknown));
            case "add_list" or "add_string" or "add_bytes":
                NoteEntries(call, EntrySizes.Union(EntriesOf(call.Arguments[0]), EntriesOf(call.Arguments[1])));
                break;
        }
        var estimate = ListEstimates.Of(overload, target, arguments)
            ?? LibraryEstimates.Of(call.Function, overload, target, arguments, Bound)
            ?? StandardEstimates.Of(overload, target, arguments);
        return estimate with { Cost = estimate.Cost.Add(spent) };
    }

    private void NoteEntries(Call call, EntrySizes? found)
    {
        if (found is not null)
        {
            entries[call] = found;
        }
    }

    /// <summary>The declared bound of the items of a list.</summary>
    private CostRange Bound(SizedNode list) =>
        list.Path is { } path && Declared([.. path, "@items"]) is { } declared ? declared : CostRange.Unknown;
}
