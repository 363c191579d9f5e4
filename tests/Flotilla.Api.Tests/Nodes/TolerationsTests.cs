using Flotilla.Api.Nodes;
using k8s.Models;

namespace Flotilla.Api.Tests.Nodes;

public sealed class TolerationsTests
{
    [Theory]
    [InlineData("a", "Equal", "7", "NoExecute", true)]
    [InlineData("a", null, "7", null, true)]
    [InlineData("a", "Equal", "8", "NoExecute", false)]
    [InlineData("a", "Equal", "7", "NoSchedule", false)]
    [InlineData("a", "Exists", null, "NoExecute", true)]
    [InlineData("a", "Exists", null, null, true)]
    [InlineData("a", "Exists", null, "NoSchedule", false)]
    [InlineData("b", "Exists", null, null, false)]
    [InlineData(null, "Exists", null, null, true)]
    [InlineData("a", "Lt", "8", null, true)]
    [InlineData("a", "Lt", "7", null, false)]
    [InlineData("a", "Gt", "6", null, true)]
    [InlineData("a", "Gt", "many", null, false)]
    public void They_match_by_key_operator_and_effect(string? key, string? operation, string? value, string? effect, bool expected)
    {
        var taint = new V1Taint { Key = "a", Value = "7", Effect = "NoExecute" };
        Assert.Equal(expected, Tolerations.Tolerates(new V1Toleration { Key = key, OperatorProperty = operation, Value = value, Effect = effect }, taint));
    }

    [Fact]
    public void One_that_fits_is_enough_and_none_is_not()
    {
        var taint = new V1Taint { Key = "a", Effect = "NoSchedule" };
        Assert.False(Tolerations.Tolerate(null, taint));
        Assert.False(Tolerations.Tolerate([new V1Toleration { Key = "b", OperatorProperty = "Exists" }], taint));
        Assert.True(Tolerations.Tolerate([new V1Toleration { Key = "b", OperatorProperty = "Exists" }, new V1Toleration { OperatorProperty = "Exists" }], taint));
    }
}
