using System.Reflection;

namespace Flotilla.Tests.Conformance;

/// <summary>The list <c>conformance.cases</c> of the project this file is compiled into: whole, and true of its tests.</summary>
public sealed class CaseListTests
{
    /// <summary>How many cases Kubernetes v1.36 has of each group.</summary>
    private static readonly Dictionary<string, int> Groups = new(StringComparer.Ordinal)
    {
        ["sig-api-machinery"] = 99, ["sig-auth"] = 10, ["sig-cli"] = 17, ["sig-instrumentation"] = 4, ["sig-network"] = 47,
    };

    [Fact]
    public void Every_case_of_a_group_has_a_test()
    {
        var cases = Cases().ToList();
        var counted = cases.CountBy(one => one.Name[1..one.Name.IndexOf(']')], StringComparer.Ordinal).ToList();
        Assert.NotEmpty(counted);
        Assert.All(counted, group => Assert.Equal(Groups[group.Key], group.Value));
        Assert.Equal(cases.Count, cases.DistinctBy(one => one.Name, StringComparer.Ordinal).Count());

        var tests = Assembly.GetExecutingAssembly().GetTypes()
            .SelectMany(type => type.GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null).Select(method => $"{type.Name}.{method.Name}"))
            .ToHashSet(StringComparer.Ordinal);
        Assert.DoesNotContain(cases, one => !tests.Contains(one.Test));
    }

    private static IEnumerable<(string Name, string Test)> Cases()
    {
        var assembly = Assembly.GetExecutingAssembly();
        using var reader = new StreamReader(assembly.GetManifestResourceStream("conformance.cases")!);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
            {
                var at = line.LastIndexOf(" = ", StringComparison.Ordinal);
                yield return (line[..at], line[(at + 3)..]);
            }
        }
    }
}
