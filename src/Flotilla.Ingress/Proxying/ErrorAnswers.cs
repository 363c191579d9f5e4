using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Flotilla.Ingress.Proxying;

/// <summary>What a client reads when no backend answers: code and words, as short as they are.</summary>
internal static class ErrorAnswers
{
    public static Task WriteAsync(HttpContext context, int code)
    {
        if (context.Response.HasStarted)
        {
            return Task.CompletedTask;
        }

        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        var text = string.Create(CultureInfo.InvariantCulture, $"{code} {ReasonPhrases.GetReasonPhrase(code)}\n");
        context.Response.ContentLength = text.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(text, context.RequestAborted);
    }
}
