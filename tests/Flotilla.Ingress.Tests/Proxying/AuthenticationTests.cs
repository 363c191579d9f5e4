using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Flotilla.Ingress.Tests.Proxying;

/// <summary>Somebody else says who comes in.</summary>
public sealed class AuthenticationTests
{
    [Fact]
    public async Task Whom_the_one_who_is_asked_knows_comes_in_with_what_he_says_of_him()
    {
        await using var world = await World.StartAsync();
        var asked = new List<string>();
        await using var guard = await GuardAsync(world, asked);
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress(
            "site",
            [Given.Rule("site.test", Given.Path("/", "web"))],
            ("auth-url", "http://guard.default.svc.cluster.local/check?for=$host"), ("auth-response-headers", "X-User, X-Group")));

        var answer = await world.GetAsync("http://site.test/a?b=c", null, ("Authorization", "Bearer right"), ("X-User", "mallory"), ("X-Group", "admins"));
        Assert.Equal(("ann", null), (answer["X-User"], answer["X-Group"]));
        Assert.Contains("session=1", answer.Headers["Set-Cookie"], StringComparison.Ordinal);
        Assert.Contains("GET /check?for=site.test guard.default.svc.cluster.local http://site.test/a?b=c GET /a?b=c", asked);

        Assert.Equal(401, (await world.SendAsync(HttpMethod.Get, "http://site.test/", null, ("Authorization", "Bearer wrong"))).Code);
        Assert.Equal("Guard", (await world.SendAsync(HttpMethod.Get, "http://site.test/")).Headers["WWW-Authenticate"]);
        Assert.Equal(403, (await world.SendAsync(HttpMethod.Get, "http://site.test/", null, ("Authorization", "Bearer banned"))).Code);
        Assert.Equal(500, (await world.SendAsync(HttpMethod.Get, "http://site.test/", null, ("Authorization", "Bearer broken"))).Code);

        // A body goes to the destination alone.
        answer = await world.SendAsync(HttpMethod.Post, "http://site.test/p", new StringContent("12345"), ("Authorization", "Bearer right"));
        Assert.Equal((200, "5"), (answer.Code, answer["body"]));
        Assert.Contains("GET /check?for=site.test guard.default.svc.cluster.local http://site.test/p POST /p", asked);
    }

    [Fact]
    public async Task Browsers_are_sent_to_where_one_signs_in()
    {
        await using var world = await World.StartAsync();
        await using var guard = await GuardAsync(world, []);
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress(
            "site",
            [Given.Rule("site.test", Given.Path("/", "web"))],
            ("auth-url", "http://guard.default.svc/check"), ("auth-signin", "https://$host/start?x=1"), ("auth-signin-redirect-param", "to")));
        await world.CreateAsync(Given.Ingress(
            "whole",
            [Given.Rule("whole.test", Given.Path("/", "web"))],
            ("auth-url", "http://guard.default.svc/check"), ("auth-signin", "https://in.test/?rd=$escaped_request_uri")));

        Assert.Equal("https://site.test/start?x=1&to=http://site.test%2Fa%3Fb%3Dc", (await world.GetAsync("http://site.test/a?b=c", one => one.Code == 302)).Headers["Location"]);
        Assert.Equal("https://in.test/?rd=%2Fa%3Fb", (await world.GetAsync("http://whole.test/a?b", one => one.Code == 302)).Headers["Location"]);
        Assert.Equal(403, (await world.SendAsync(HttpMethod.Get, "http://site.test/", null, ("Authorization", "Bearer banned"))).Code);
    }

    [Theory]
    [InlineData("/only/a/path")]
    [InlineData("http://guard.default.svc/$nothing")]
    public async Task What_cannot_be_asked_lets_nobody_in(string url)
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"))], ("auth-url", url)));
        await world.GetAsync("http://site.test/", answer => answer.Code == 503);
        await World.UntilAsync(world.EventsAsync, events => events.Any(line => line.Contains("annotation auth-url", StringComparison.Ordinal) && line.Contains("nobody is let in", StringComparison.Ordinal)));
    }

    private static async Task<EchoBackend> GuardAsync(World world, List<string> asked)
    {
        var guard = await EchoBackend.StartAsync("guard", answer: context =>
        {
            var request = context.Request;
            lock (asked)
            {
                asked.Add($"{request.Method} {request.Path}{request.QueryString} {request.Host} {request.Headers["X-Original-URL"]} {request.Headers["X-Original-Method"]} {request.Headers["X-Auth-Request-Redirect"]}");
            }

            Answer(context);
        });
        await world.CreateAsync(Given.Slice("guard", "guard", guard.Port));
        await world.CreateAsync(Given.Service("guard"));
        return guard;
    }

    private static void Answer(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = context.Request.Headers.Authorization.ToString() switch
        {
            "Bearer right" => 202,
            "Bearer banned" => 403,
            "Bearer broken" => 502,
            _ => 401,
        };
        response.Headers.WWWAuthenticate = "Guard";
        response.Headers["X-User"] = "ann";
        response.Headers.SetCookie = new StringValues("session=1; Path=/");
    }
}
