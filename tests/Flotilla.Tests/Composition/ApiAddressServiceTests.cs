using Flotilla.Composition;
using Flotilla.Server.Membership;

namespace Flotilla.Tests.Composition;

public sealed class ApiAddressServiceTests
{
    [Theory]
    [InlineData("a", "b c", "", true)]
    [InlineData("b", "a c", "", false)]
    [InlineData("b", "a c", "a", true)]
    [InlineData("c", "a b", "a", false)]
    [InlineData("a", "", "", true)]
    [InlineData("b", "a", "a", true)]
    public void The_first_that_is_heard_leads(string own, string others, string silent, bool leads) =>
        Assert.Equal(leads, ApiAddressService.Leads(own, Members(others), Members(silent)));

    [Theory]
    [InlineData("a", "b c", "b c")]
    [InlineData("a", "b c d e", "c d e")]
    public void One_that_is_itself_cut_off_from_most_does_not_lead(string own, string others, string silent) =>
        Assert.False(ApiAddressService.Leads(own, Members(others), Members(silent)));

    private static List<ServerMember> Members(string names) =>
        [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => new ServerMember(name, $"10.0.0.{name[0] - 'a'}", 6443))];
}
