using Flotilla.Controllers.GarbageCollection;
using k8s.Models;

namespace Flotilla.Controllers.Tests.GarbageCollection;

public sealed class AbsentOwnersTests
{
    private static readonly V1OwnerReference Gone = new() { ApiVersion = "v1", Kind = "ConfigMap", Name = "a", Uid = "1" };

    [Fact]
    public void An_owner_that_was_absent_once_is_absent_for_all_its_dependents_of_the_namespace()
    {
        var absent = new AbsentOwners();

        absent.Add("default", Gone);

        Assert.True(absent.Has("default", Gone with { Controller = true }));
        Assert.False(absent.Has("other", Gone));
    }

    [Fact]
    public void A_reference_with_a_wrong_kind_or_name_says_nothing_of_the_owner_whose_uid_it_has()
    {
        var absent = new AbsentOwners();

        absent.Add("default", Gone with { Kind = "Secret" });
        absent.Add("default", Gone with { Name = "b" });
        absent.Add("default", Gone with { ApiVersion = "apps/v1" });

        Assert.False(absent.Has("default", Gone));
    }
}
