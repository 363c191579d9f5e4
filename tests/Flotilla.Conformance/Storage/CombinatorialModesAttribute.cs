using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Flotilla.Conformance.Storage;

/// <summary>Every user, file mode and medium that upstream tries with each other.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CombinatorialModesAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        List<ITheoryDataRow> rows =
        [
            .. from user in (int[])[0, 1001]
            from mode in (string[])["0644", "0666", "0777"]
            from medium in (string[])["", "Memory"]
            select new TheoryDataRow(user, mode, medium),
        ];
        return ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(rows);
    }

    public override bool SupportsDiscoveryEnumeration() => true;
}
