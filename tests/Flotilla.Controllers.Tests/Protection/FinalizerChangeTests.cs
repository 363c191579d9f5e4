using Flotilla.Controllers.Protection;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Protection;

public sealed class FinalizerChangeTests
{
    [Theory]
    [InlineData(false, false, false, nameof(Controllers.Protection.Protection.Add))]
    [InlineData(false, true, true, nameof(Controllers.Protection.Protection.Keep))]
    [InlineData(true, true, true, nameof(Controllers.Protection.Protection.Keep))]
    [InlineData(true, true, false, nameof(Controllers.Protection.Protection.Remove))]
    [InlineData(true, false, false, nameof(Controllers.Protection.Protection.Keep))]
    public void Is_added_to_what_stays_and_taken_from_what_goes_unused(bool deleting, bool present, bool inUse, string expected)
    {
        var metadata = new V1ObjectMeta { Finalizers = present ? ["other", "ours"] : ["other"], DeletionTimestamp = deleting ? DateTime.UnixEpoch : null };
        Assert.Equal(expected, FinalizerChange.For(metadata, "ours", inUse).ToString());
    }

    [Fact]
    public void Leaves_the_finalizers_of_others()
    {
        var metadata = new V1ObjectMeta { Finalizers = ["a", "ours", "b"] };
        Assert.Equal(["a", "b"], FinalizerChange.Apply(metadata, "ours", Controllers.Protection.Protection.Remove).Finalizers);
        Assert.Equal(3, metadata.Finalizers.Count);
    }
}
