using Flotilla.Cel.Syntax;

namespace Flotilla.Cel.Macros;

/// <summary>Comprehensions over index and item, or key and value.</summary>
internal static class TwoVariableMacros
{
    public static void AddTo(MacroTable macros)
    {
        macros.Add("all", 3, call => Quantifiers.All(call, 2));
        macros.Add("exists", 3, call => Quantifiers.Exists(call, 2));
        macros.Add("existsOne", 3, call => Quantifiers.ExistsOne(call, 2));
        macros.Add("exists_one", 3, call => Quantifiers.ExistsOne(call, 2));
        foreach (var arguments in (int[])[3, 4])
        {
            macros.Add("transformList", arguments, TransformList);
            macros.Add("transformMap", arguments, call => TransformMap(call, InsertAtKey));
            macros.Add("transformMapEntry", arguments, call => TransformMap(call, InsertEntry));
        }
    }

    private static Comprehension TransformList(Call call)
    {
        var at = call.Offset;
        var append = Build.Operator(at, Operators.Add, Build.Result(at), new CreateList(at, call.Arguments[^1]));
        return Quantifiers.Loop(call, 2, new CreateList(at), Build.Bool(at, value: true), Filtered(call, append), Build.Result(at));
    }

    private static Comprehension TransformMap(Call call, Func<Call, Expression> insert)
    {
        var at = call.Offset;
        return Quantifiers.Loop(
            call, 2, new CreateMap(at, []), Build.Bool(at, value: true), Filtered(call, insert(call)), Build.Result(at));
    }

    private static Call InsertAtKey(Call call) => Build.Operator(
        call.Offset, Operators.MapInsert, Build.Result(call.Offset), call.Arguments[0].Copy(), call.Arguments[^1]);

    private static Call InsertEntry(Call call) =>
        Build.Operator(call.Offset, Operators.MapInsert, Build.Result(call.Offset), call.Arguments[^1]);

    private static Expression Filtered(Call call, Expression step) =>
        call.Arguments.Count == 3 ? step : Build.Choose(call.Offset, call.Arguments[2], step, Build.Result(call.Offset));
}
