namespace Flotilla.Storage.Tests.Linearizability;

/// <summary>
/// What clients saw of one key that is never deleted, and whether a single register with compare-and-write could have behaved
/// so. Because each version has a number and each value is unique, the order of the versions is known, and one pass decides:
/// every version comes from exactly one write, which found the version before it; what an operation saw or made is never older
/// than what was seen before the operation began; and nothing acknowledged is lost. Pure.
/// </summary>
public sealed class KeyHistory(IReadOnlyList<Operation> operations)
{
    /// <summary>Empty: it is linearizable.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        var values = ValuesByVersion(problems);
        if (problems.Count > 0)
        {
            return problems;
        }

        CheckChain(values, problems);
        CheckTime(values, problems);
        CheckRefusals(values, problems);
        return problems;
    }

    private SortedDictionary<long, string> ValuesByVersion(List<string> problems)
    {
        var values = new SortedDictionary<long, string>();
        foreach (var (version, value) in operations.Select(Seen).Where(seen => seen.Version > 0))
        {
            if (values.TryGetValue(version, out var other) && other != value)
            {
                problems.Add($"version {version} is '{other}' for one and '{value}' for another");
            }

            values[version] = value!;
        }

        foreach (var twice in values.GroupBy(pair => pair.Value, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            problems.Add($"'{twice.Key}' was written once and is there as versions {string.Join(", ", twice.Select(pair => pair.Key))}");
        }

        return values;
    }

    // Each version that is known was made by a write that expected the version before it, or one that nobody saw.
    private void CheckChain(SortedDictionary<long, string> values, List<string> problems)
    {
        var writes = operations.OfType<Write>().ToDictionary(write => write.Value, StringComparer.Ordinal);
        var unseen = writes.Values.Count(write => write.Outcome == Outcome.Unknown && !values.ContainsValue(write.Value));
        var before = 0L;
        foreach (var (version, value) in values)
        {
            if (!writes.TryGetValue(value, out var write))
            {
                problems.Add($"'{value}', version {version}, was written by nobody");
            }
            else if (write.Outcome == Outcome.Refused)
            {
                problems.Add($"'{value}' was refused and is there as version {version}");
            }
            else if (write.Expected != before && (write.Expected < before || unseen == 0))
            {
                problems.Add($"'{value}' expected version {write.Expected} and replaced version {before}");
            }

            before = version;
        }
    }

    private void CheckTime(SortedDictionary<long, string> values, List<string> problems)
    {
        var versions = values.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
        var ended = new Queue<Operation>(operations.Where(operation => operation.Outcome == Outcome.Done).OrderBy(operation => operation.Ended));
        var newest = 0L;
        foreach (var operation in operations.Where(operation => operation.Outcome != Outcome.Refused).OrderBy(operation => operation.Began))
        {
            while (ended.TryPeek(out var earlier) && earlier.Ended < operation.Began)
            {
                newest = Math.Max(newest, Seen(ended.Dequeue()).Version);
            }

            switch (operation)
            {
                case Read read when read.Version < newest:
                    problems.Add($"a read found version {read.Version} although {newest} had been seen before it began");
                    break;
                case Write write when versions.TryGetValue(write.Value, out var version) && version <= newest:
                    problems.Add($"'{write.Value}' became version {version} although {newest} had been seen before it was sent");
                    break;
            }
        }
    }

    // Who was refused must have had somebody before it: a version other than the expected, made by a write that had begun.
    private void CheckRefusals(SortedDictionary<long, string> values, List<string> problems)
    {
        var writes = operations.OfType<Write>().ToList();
        var versions = values.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
        foreach (var refused in writes.Where(write => write.Outcome == Outcome.Refused))
        {
            if (!writes.Exists(other => other.Outcome != Outcome.Refused && other.Began < refused.Ended
                && (versions.TryGetValue(other.Value, out var version) ? version > refused.Expected : other.Outcome == Outcome.Unknown)))
            {
                problems.Add($"'{refused.Value}' expected version {refused.Expected} and was refused although nobody had written another");
            }
        }
    }

    private static (long Version, string? Value) Seen(Operation operation) => operation switch
    {
        Read read => (read.Version, read.Value),
        Write { Outcome: Outcome.Done } write => (write.Version, write.Value),
        _ => (0, null),
    };
}
