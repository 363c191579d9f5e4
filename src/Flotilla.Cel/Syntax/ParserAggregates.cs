namespace Flotilla.Cel.Syntax;

/// <summary>Lists, maps and objects written in place.</summary>
internal sealed partial class Parser
{
    private CreateList ReadList()
    {
        var open = tokens.Take();
        List<Expression> items = [];
        HashSet<int> optional = [];
        ReadEntries("]", () =>
        {
            if (tokens.TryTake("?", out _))
            {
                optional.Add(items.Count);
            }
            items.Add(ReadExpression());
        });
        return new CreateList(open.Offset, items, optional);
    }

    private CreateMap ReadMap()
    {
        var open = tokens.Take();
        List<MapEntry> entries = [];
        ReadEntries("}", () =>
        {
            var isOptional = tokens.TryTake("?", out _);
            var key = ReadExpression();
            var colon = tokens.Expect(":");
            entries.Add(new MapEntry(colon.Offset, key, ReadExpression(), isOptional));
        });
        return new CreateMap(open.Offset, entries);
    }

    private CreateObject ReadObject(string typeName)
    {
        var open = tokens.Take();
        List<FieldEntry> fields = [];
        ReadEntries("}", () =>
        {
            var isOptional = tokens.TryTake("?", out _);
            var name = ReadFieldName();
            var colon = tokens.Expect(":");
            fields.Add(new FieldEntry(colon.Offset, FieldName(name), ReadExpression(), isOptional));
        });
        return new CreateObject(open.Offset, typeName, fields);
    }

    private void ReadEntries(string closing, Action readEntry)
    {
        while (!tokens.Current.Is(closing))
        {
            readEntry();
            if (!tokens.TryTake(",", out _))
            {
                break;
            }
        }
        tokens.Expect(closing);
    }
}
