using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Costs;

/// <summary>
/// The least and the most an expression can cost, from the bounds of the declared types, before anything is evaluated.
/// Must count like the evaluation does. One use, one thread.
/// </summary>
internal sealed partial class CostEstimator(Func<string, CelType?> variables)
{
    private readonly Dictionary<Expression, IReadOnlyList<string>> paths = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Expression, CostRange> sizes = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Expression, EntrySizes> entries = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, Stack<Local>> locals = new(StringComparer.Ordinal);

    private sealed record Local(IReadOnlyList<string> Path, CostRange? Size, EntrySizes? Entries);

    public CostRange Estimate(Expression node) => node switch
    {
        Identifier identifier => OfIdentifier(identifier),
        Select { Resolved: { } resolved } => OfIdentifier(resolved),
        Select select => OfSelect(select),
        Call call => OfCall(call),
        CreateList list => OfList(list),
        CreateMap map => OfMap(map),
        CreateObject instance => instance.Fields.Aggregate(
            CostRange.Exactly(CostFactors.ObjectCreation), (sum, field) => sum.Add(Estimate(field.Value))),
        Comprehension { IsBinding: true } binding => OfBinding(binding),
        Comprehension loop => OfLoop(loop),
        _ => default,
    };

    private CostRange OfIdentifier(Identifier identifier)
    {
        paths[identifier] = Find(identifier.Name)?.Path ?? [identifier.Name.TrimStart('.')];
        return CostRange.Exactly(1);
    }

    private CostRange OfSelect(Select select)
    {
        var cost = Estimate(select.Operand);
        if (select.TestOnly)
        {
            return cost;
        }
        paths[select] = [.. PathOf(select.Operand), select.Field];
        var isStep = select.Operand.Type.Kind is CelKind.Map or CelKind.Object or CelKind.TypeParameter;
        return isStep ? cost.Add(CostRange.Exactly(1)) : cost;
    }

    private CostRange OfList(CreateList list)
    {
        var cost = CostRange.Exactly(CostFactors.ListCreation);
        CostRange? size = null;
        foreach (var item in list.Items)
        {
            cost = cost.Add(Estimate(item));
            size = size?.Union(SizeOrUnknown(item)) ?? SizeOrUnknown(item);
        }
        entries[list] = new EntrySizes(CelKind.List, CostRange.Exactly(1), size ?? default);
        return cost;
    }

    private CostRange OfMap(CreateMap map)
    {
        var cost = CostRange.Exactly(CostFactors.MapCreation);
        CostRange? keys = null;
        CostRange? values = null;
        foreach (var entry in map.Entries)
        {
            cost = cost.Add(Estimate(entry.Key)).Add(Estimate(entry.Value));
            keys = keys?.Union(SizeOrUnknown(entry.Key)) ?? SizeOrUnknown(entry.Key);
            values = values?.Union(SizeOrUnknown(entry.Value)) ?? SizeOrUnknown(entry.Value);
        }
        entries[map] = new EntrySizes(CelKind.Map, keys ?? default, values ?? default);
        return cost;
    }

    private CostRange OfBinding(Comprehension binding)
    {
        var cost = Estimate(binding.Range).Add(Estimate(binding.Initial));
        Push(binding.Accumulator, new Local(PathOf(binding.Initial), SizeOf(binding.Initial), EntriesOf(binding.Initial)));
        cost = cost.Add(Estimate(binding.Result));
        CopySizes(binding, binding.Result);
        locals[binding.Accumulator].Pop();
        return cost;
    }

    private CostRange OfLoop(Comprehension loop)
    {
        var cost = Estimate(loop.Range).Add(Estimate(loop.Initial));
        Push(loop.Accumulator, new Local(PathOf(loop.Initial), SizeOf(loop.Initial), EntriesOf(loop.Initial)));
        PushElements(loop);
        var once = Estimate(loop.Condition).Add(Estimate(loop.Step));
        var stepEntries = EntriesOf(loop.Step);
        locals[loop.Variable].Pop();
        if (loop.SecondVariable is { } second)
        {
            locals[second].Pop();
        }
        cost = cost.Add(Estimate(loop.Result));
        locals[loop.Accumulator].Pop();
        var count = SizeOrUnknown(loop.Range);
        NoteResult(loop, count, stepEntries);
        return cost.Add(count.Multiply(once));
    }

    private void NoteResult(Comprehension loop, CostRange count, EntrySizes? stepEntries)
    {
        if (loop.Initial is Literal)
        {
            Note(loop, SizeOf(loop.Initial));
            return;
        }
        sizes[loop] = count;
        if (stepEntries is not null)
        {
            entries[loop] = stepEntries;
        }
    }

    private void PushElements(Comprehension loop)
    {
        var found = EntriesOf(loop.Range);
        var isList = (found?.Container ?? loop.Range.Type.Kind) == CelKind.List;
        var path = PathOf(loop.Range);
        Local Key(string step) => new([.. path, step], found?.Key, null);
        var value = new Local([.. path, isList ? "@items" : "@values"], found?.Value, null);
        Push(loop.Variable, loop.SecondVariable is not null ? Key(isList ? "@indices" : "@keys") : isList ? value : Key("@keys"));
        if (loop.SecondVariable is { } second)
        {
            Push(second, value);
        }
    }

    private Local? Find(string name) => locals.TryGetValue(name, out var stack) && stack.TryPeek(out var local) ? local : null;

    private void Push(string name, Local local)
    {
        if (!locals.TryGetValue(name, out var stack))
        {
            locals[name] = stack = new Stack<Local>();
        }
        stack.Push(local);
    }
}
